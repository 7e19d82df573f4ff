import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import { databaseUrlGiven, type DatabaseFlags } from "../flags/database.ts";

/** Flags of `farrier migrate`. */
export interface MigrateFlags extends CommonFlags, DatabaseFlags {}

/** `farrier migrate` */
export async function migrateAction(this: CliContext, flags: MigrateFlags): Promise<void> {
  this.process.exitCode = await this.starters.migrate({
    dataDir: dataDirectory(flags, this.process.env),
    debug: this.debug,
    databaseUrl: databaseUrlGiven(flags, this.process.env),
  });
}
