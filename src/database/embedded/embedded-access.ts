import { randomBytes } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { userName } from "../../lib/host/passwd.ts";
import { EmbeddedError } from "./embedded-error.ts";
import { databaseName } from "./embedded-initialise.ts";
import type { RunUser } from "./embedded-user.ts";

/**
 * Writes who may connect over the socket: this process' user, and root, who could read the files anyway. PostgreSQL
 * asks the kernel who calls (`peer`). PostgreSQL's own user may not connect.
 * @throws {EmbeddedError} no_user if this process' user has no name, because PostgreSQL identifies users by name
 */
export async function accessWrite(
  data: string,
  user: RunUser | undefined,
  self = process.getuid?.() ?? -1,
): Promise<void> {
  const own = userName(await readFile("/etc/passwd", "utf8"), self);
  if (own === undefined) {
    throw new EmbeddedError(
      "no_user",
      `user ${self} has no name in /etc/passwd, by which PostgreSQL identifies it: add one, or name a database ` +
        "with --database-url",
    );
  }
  const names = [...new Set([own, "root"])];
  await fileReplace(
    join(data, "pg_hba.conf"),
    "# Written by farrier at each start.\nlocal all all peer map=farrier\n",
    user,
  );
  await fileReplace(
    join(data, "pg_ident.conf"),
    `# Written by farrier at each start.\n${names.map((name) => `farrier "${name}" ${databaseName}\n`).join("")}`,
    user,
  );
}

/**
 * Writes the file atomically, because PostgreSQL does not start with half of it. Under a new name, so that nothing
 * planted there is followed.
 */
async function fileReplace(path: string, text: string, user: RunUser | undefined): Promise<void> {
  const next = `${path}.${randomBytes(8).toString("hex")}`;
  await using file = await open(next, "wx", 0o600);
  await file.writeFile(text);
  if (user !== undefined) {
    await file.chown(user.uid, user.gid);
  }
  await rename(next, path);
}
