import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import { databaseUrlGiven, type DatabaseFlags } from "../flags/database.ts";

/** Flags of `farrier restore`. */
export interface RestoreFlags extends CommonFlags, DatabaseFlags {}

/** `farrier restore` */
export async function restoreAction(this: CliContext, flags: RestoreFlags, file: string): Promise<void> {
  this.process.exitCode = await this.starters.restore({
    dataDir: dataDirectory(flags, this.process.env),
    debug: this.debug,
    databaseUrl: databaseUrlGiven(flags, this.process.env),
    file,
  });
}
