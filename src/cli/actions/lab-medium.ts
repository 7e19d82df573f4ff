import { resolve } from "node:path";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";

/** Flags of `farrier lab medium`. */
export interface LabMediumFlags extends CommonFlags {
  insert: string | undefined;
  eject: boolean | undefined;
}

/** `farrier lab medium` */
export async function labMediumAction(this: CliContext, flags: LabMediumFlags, name: string): Promise<void> {
  if ((flags.insert === undefined) === (flags.eject !== true)) {
    throw new CliError("usage", "give one of --insert FILE and --eject");
  }
  await this.starters.lab.medium({
    dataDir: dataDirectory(flags, this.process.env),
    name,
    file: flags.insert === undefined ? undefined : resolve(flags.insert),
  });
}
