import { join, resolve } from "node:path";
import { z } from "zod";
import { CliError } from "../cli/errors.ts";
import type { RestoreOptions } from "./options.ts";
import type { BackupHead } from "../database/backup/backup.ts";
import type { BackupTable } from "../database/backup/backup-tables.ts";
import { connect, type Database } from "../database/connect.ts";
import { secretsKeysLose } from "../database/queries/secret/secrets-key-lose.ts";
import { keyFileRead, secretsKeyFile } from "../secrets/key-file.ts";
import { dataDirectoryOpen } from "../database/embedded/data-directory.ts";
import { embeddedStart } from "../database/embedded/embedded.ts";
import { databaseRestore } from "../database/backup/restore.ts";
import { ArchiveError, archiveRead, type ArchiveEntry } from "../database/backup/archive.ts";
import { createLogger } from "../lib/log.ts";
import { backupFiles, backupTitle, fileIfThere, filesRestore } from "./backup-files.ts";
import { databaseAddress, databaseReach } from "./parts/database-reach.ts";

const name = z.string().min(1).max(63);
const head = z.object({
  kind: z.literal("head"),
  takenAt: z.string(),
  postgres: z.string(),
  migrations: z.array(z.object({ version: z.int(), name: z.string(), checksum: z.string() })).min(1),
  sequences: z.array(z.object({ name, value: z.string().regex(/^\d{1,19}$/u), called: z.boolean() })),
  partitions: z.array(name),
});
const file = z.object({ kind: z.literal("file"), path: z.enum(Object.keys(backupFiles) as [string, ...string[]]) });
const table = z.object({ kind: z.literal("table"), name, columns: z.array(name).min(1) });

/** No token, certificate or key is longer. */
const fileLimit = 1 << 20;

/** `farrier restore`: restores a backup into an empty database and data directory. Resolves to the exit status. */
export async function restoreProcess(options: RestoreOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "warn", component: "restore" });
  const path = resolve(options.file);
  if ((await fileIfThere(path)) === undefined) {
    throw new CliError(
      "usage",
      `there is no file ${path}: expected a backup, as \`farrier backup --help\` says how to make`,
    );
  }
  await using stack = new AsyncDisposableStack();
  const entries = archiveRead(path, backupTitle);
  stack.defer(async () => {
    await entries.return(undefined);
  });
  const begin = await beginning(entries, path);
  const directory = stack.use(await dataDirectoryOpen(options.dataDir));
  const address =
    options.databaseUrl === undefined
      ? stack.use(await embeddedStart({ directory: directory.postgres, log })).connection
      : databaseAddress(options.databaseUrl);
  const database = stack.use(connect(address, { log }));
  await databaseReach(database);
  const takeBack = await filesRestore(directory.path, begin.files);
  try {
    const { tables, rows } = await databaseRestore(
      { database, address },
      { head: begin.head, tables: tablesOf(begin.first, entries, path) },
    );
    process.stdout.write(`restored ${tables} tables (${rows} rows) as of ${begin.head.takenAt}\n`);
    await lostSay(database, join(directory.path, secretsKeyFile));
    return 0;
  } catch (error) {
    await takeBack();
    throw error;
  }
}

/** Says what can't be opened, because the key that sealed it is neither in the backup nor in the data directory. */
async function lostSay(database: Database, keyFile: string): Promise<void> {
  const held = ((await keyFileRead(keyFile)) ?? []).map(({ id }) => id);
  for (const { keyId, credentials, requests } of await secretsKeysLose(database, held)) {
    process.stderr.write(
      `farrier: the backup is without key ${keyId}: ${credentials} credentials and ${requests} installation requests ` +
        `can't be opened. Add the key's line to ${keyFile}, or give it up: \`farrier secrets give-up --help\`; ` +
        "everything else works\n",
    );
  }
}

/** The entries before the tables, and the first table. */
async function beginning(
  entries: AsyncGenerator<ArchiveEntry>,
  path: string,
): Promise<{ head: BackupHead; files: Map<string, Buffer>; first: ArchiveEntry }> {
  const files = new Map<string, Buffer>();
  let about: BackupHead | undefined;
  for (;;) {
    const next = await entries.next();
    if (next.done === true) {
      throw new ArchiveError("damaged", `${path} holds no tables: use another backup`);
    }
    const { header, data } = next.value;
    const asHead = head.safeParse(header);
    const asFile = file.safeParse(header);
    if (asHead.success && about === undefined) {
      about = asHead.data;
      await whole(data, path);
    } else if (asFile.success) {
      files.set(asFile.data.path, await whole(data, path));
    } else if (about === undefined) {
      throw new ArchiveError("damaged", `${path} has no head: use another backup`);
    } else {
      return { head: about, files, first: next.value };
    }
  }
}

async function whole(data: AsyncIterable<Uint8Array>, path: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of data) {
    size += part.length;
    if (size > fileLimit) {
      throw new ArchiveError("damaged", `${path} holds a file that is longer than any should be: use another backup`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function* tablesOf(
  first: ArchiveEntry,
  rest: AsyncGenerator<ArchiveEntry>,
  path: string,
): AsyncGenerator<{ table: BackupTable; rows: AsyncIterable<Uint8Array> }> {
  for (let next: ArchiveEntry | undefined = first; next !== undefined;) {
    const checked = table.safeParse(next.header);
    if (!checked.success) {
      throw new ArchiveError("damaged", `${path} holds an entry that is not a table: use another backup`);
    }
    yield { table: checked.data, rows: next.data };
    const following: IteratorResult<ArchiveEntry> = await rest.next();
    next = following.done === true ? undefined : following.value;
  }
}
