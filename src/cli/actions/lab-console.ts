import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";

/** Flags of `farrier lab console`. */
export interface LabConsoleFlags extends CommonFlags {
  follow: boolean | undefined;
  lines: number | undefined;
}

/** `farrier lab console` */
export async function labConsoleAction(this: CliContext, flags: LabConsoleFlags, name: string): Promise<void> {
  await this.starters.lab.console({
    dataDir: dataDirectory(flags, this.process.env),
    name,
    lines: flags.lines,
    follow: flags.follow ?? false,
    write: (text) => this.process.stdout.write(text),
  });
}
