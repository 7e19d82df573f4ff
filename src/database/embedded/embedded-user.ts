import { readFile, stat } from "node:fs/promises";
import { errorCode } from "../../lib/errors.ts";
import { findUser, type UserIds } from "../../lib/passwd.ts";
import { EmbeddedError } from "./embedded-error.ts";

/** The user that PostgreSQL runs under when we are root, which it refuses to be. */
export type RunUser = UserIds;

/**
 * Who runs PostgreSQL: nobody else when we are an ordinary user (undefined); as root the owner of the data if there is
 * any, else `postgres`, else `nobody`.
 * @throws {EmbeddedError} no_user; directory_unusable when the data belong to someone we cannot become
 */
export async function runUser(data: string, self = process.getuid?.() ?? -1): Promise<RunUser | undefined> {
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
  if (owner !== undefined && owner.uid !== 0) {
    return owner;
  }
  const passwd = await readFile("/etc/passwd", "utf8");
  const user = findUser(passwd, "postgres") ?? findUser(passwd, "nobody");
  if (user === undefined) {
    throw new EmbeddedError(
      "no_user",
      "PostgreSQL refuses to run as root and there is no user to run it under: expected postgres or nobody in " +
        "/etc/passwd; add one, start as an ordinary user, or name a database with --database-url",
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
    throw new EmbeddedError("directory_unusable", `cannot read ${path}: ${errorCode(error)}`, {
      cause: error,
    });
  }
}
