import { join, resolve } from "node:path";
import { CliError } from "../cli/errors.ts";
import type { BackupOptions } from "./options.ts";
import { databaseBackup } from "../database/backup/backup.ts";
import type { DatabaseAddress } from "../database/address/database-address.ts";
import { dataDirectoryOpen } from "../database/embedded/data-directory.ts";
import { embeddedStart } from "../database/embedded/embedded.ts";
import { EmbeddedError } from "../database/embedded/embedded-error.ts";
import { embeddedExists, embeddedReach } from "../database/embedded/embedded-reach.ts";
import { archiveWrite } from "../database/backup/archive.ts";
import { secretsKeyFile } from "../secrets/key-file.ts";
import { createLogger, type Logger } from "../lib/log.ts";
import { backupFiles, backupTitle, fileIfThere } from "./backup-files.ts";
import { databaseAddress } from "./parts/database-reach.ts";

/** `farrier backup`: the whole control plane into one file, while it runs. Resolves to the exit status. */
export async function backupProcess(options: BackupOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "warn", component: "backup" });
  const dataDir = resolve(options.dataDir);
  await using stack = new AsyncDisposableStack();
  const address =
    options.databaseUrl === undefined
      ? await embeddedAddress(dataDir, stack, log)
      : databaseAddress(options.databaseUrl);
  const archive = stack.use(archiveWrite(resolve(options.file), backupTitle));
  const keyFile = join(dataDir, secretsKeyFile);
  if (options.withSecretsKey && (await fileIfThere(keyFile)) === undefined) {
    throw new CliError(
      "failed",
      `there is no key file ${keyFile}: run it on a host whose data directory has one, or back up without --with-secrets-key`,
    );
  }
  let tables = 0;
  const head = await databaseBackup(address, {
    head: async (about) => {
      await archive.entry({ kind: "head", ...about }, []);
      const paths = Object.keys(backupFiles).filter((path) => options.withSecretsKey || path !== secretsKeyFile);
      for (const path of paths) {
        const bytes = await fileIfThere(join(dataDir, path));
        if (bytes !== undefined) {
          await archive.entry({ kind: "file", path }, [bytes]);
        }
      }
    },
    table: async (table, rows) => {
      await archive.entry({ kind: "table", ...table }, rows);
      tables += 1;
    },
  });
  await archive.finish();
  process.stdout.write(`${options.file}: ${tables} tables and the data directory's keys, as of ${head.takenAt}\n`);
  process.stderr.write(
    options.withSecretsKey
      ? "farrier: the file holds tokens, private keys and the key of all secrets: keep it as you keep those\n"
      : "farrier: the file holds tokens and private keys: keep it as you keep those. The secrets key is not in it: keep " +
          `${keyFile} elsewhere\n`,
  );
  return 0;
}

/** The embedded PostgreSQL: the running one, or one started for the duration of the backup. */
async function embeddedAddress(dataDir: string, stack: AsyncDisposableStack, log: Logger): Promise<DatabaseAddress> {
  const directory = join(dataDir, "postgres");
  if (!(await embeddedExists(directory))) {
    throw new CliError(
      "failed",
      `there is no embedded database in ${dataDir}: name the data directory with --data-dir, or the database with --database-url`,
    );
  }
  try {
    const held = stack.use(await dataDirectoryOpen(dataDir));
    return stack.use(await embeddedStart({ directory: held.postgres, log })).connection;
  } catch (error) {
    if (error instanceof EmbeddedError && error.code === "directory_busy") {
      return stack.use(await embeddedReach(directory)).connection;
    }
    throw error;
  }
}
