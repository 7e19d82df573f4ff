import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import { databaseUrlGiven, type DatabaseFlags } from "../flags/database.ts";

/** Flags of `farrier backup`. */
export interface BackupFlags extends CommonFlags, DatabaseFlags {
  withSecretsKey: boolean | undefined;
}

/** `farrier backup` */
export async function backupAction(this: CliContext, flags: BackupFlags, file: string): Promise<void> {
  this.process.exitCode = await this.starters.backup({
    dataDir: dataDirectory(flags, this.process.env),
    debug: this.debug,
    databaseUrl: databaseUrlGiven(flags, this.process.env),
    file,
    withSecretsKey: flags.withSecretsKey ?? false,
  });
}
