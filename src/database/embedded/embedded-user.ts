import { readFile, stat } from "node:fs/promises";
import { errorCode } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { findUser, userName, type UserIds } from "../../lib/host/passwd.ts";
import { systemUser, systemUserCommands } from "../../lib/host/system-user.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { EmbeddedError } from "./embedded-error.ts";

/** The user of PostgreSQL if this process is root, as which PostgreSQL refuses to run. */
export type RunUser = UserIds;

/** The default user of PostgreSQL if root starts it: a system user of its own, created if missing. */
export const databaseUser = "farrier-db";

/** Users that other programs run as; a program of such a user could read the database. */
const shared = ["nobody", "postgres", "libvirt-qemu", "farrier-lab"];

/**
 * Determines PostgreSQL's user. An ordinary user runs it as itself (undefined). For root it is the named user;
 * otherwise the owner of the data, unless other programs share that user; otherwise `farrier-db`.
 * @throws {EmbeddedError} no_user; directory_unusable if the data belong to a user that this process can't become
 */
export async function runUser(
  data: string,
  options: { log: Logger; name?: string | undefined; self?: number },
): Promise<RunUser | undefined> {
  const { log, name, self = process.getuid?.() ?? -1 } = options;
  const owner = await ownerOf(data);
  if (self !== 0) {
    if (owner !== undefined && owner.uid !== self) {
      throw new EmbeddedError(
        "directory_unusable",
        `the database in ${data} belongs to user ${owner.uid}, this is user ${self}: start as root or as that user, ` +
          `or hand it over with chown -R ${self} ${data}`,
      );
    }
    return undefined;
  }
  const passwd = await readFile("/etc/passwd", "utf8");
  if (name !== undefined) {
    return namedUser(passwd, name);
  }
  const ownerName = owner === undefined ? undefined : userName(passwd, owner.uid);
  if (owner !== undefined && owner.uid !== 0 && ownerName !== undefined && !shared.includes(ownerName)) {
    return owner;
  }
  const user = await systemUser(databaseUser, () =>
    log.warn({ user: databaseUser }, "created a system user for PostgreSQL alone"),
  );
  if (user === undefined) {
    throw new EmbeddedError(
      "no_user",
      `PostgreSQL refuses to run as root, and the system user ${databaseUser} for it can't be made here: run ` +
        `\`${systemUserCommands(databaseUser)}\`, or name a user that nothing else runs as with --database-user, start ` +
        "as an ordinary user, or name a database with --database-url",
    );
  }
  return user;
}

function namedUser(passwd: string, name: string): RunUser {
  const user = findUser(passwd, name);
  if (user === undefined) {
    throw new EmbeddedError(
      "no_user",
      `there is no user ${name} to run PostgreSQL as, or it is root: create it with \`${systemUserCommands(name)}\``,
    );
  }
  if (name === "nobody" || name === "farrier-lab") {
    throw new EmbeddedError(
      "no_user",
      `PostgreSQL must not run as ${name}: other programs run as that user, and could read the database; name another user`,
    );
  }
  return user;
}

async function ownerOf(path: string): Promise<RunUser | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw new EmbeddedError(
      "directory_unusable",
      `cannot read ${path} ${systemWords(error)}; run as root, or as the user who runs the control plane`,
      {
        cause: error,
      },
    );
  }
}
