import { readFile } from "node:fs/promises";
import { findUser, type UserIds } from "../lib/passwd.ts";
import { LabError } from "./errors.ts";

/** Whom root runs QEMU as, the first that there is: not PostgreSQL's user, whose files a guest that broke out would have. */
const users = ["libvirt-qemu", "nobody"];

/**
 * Who runs QEMU: this user (undefined), or where that is root one who may nothing.
 * @throws {LabError} `no_user`
 */
export async function qemuUser(self = process.getuid?.() ?? -1): Promise<UserIds | undefined> {
  if (self !== 0) {
    return undefined;
  }
  const passwd = await readFile("/etc/passwd", "utf8");
  const [user] = users.flatMap((name) => findUser(passwd, name) ?? []);
  if (user === undefined) {
    throw new LabError(
      "no_user",
      `lab machines do not run as root, and /etc/passwd has none of ${users.join(", ")}: add one, or start as an ordinary user`,
    );
  }
  return user;
}
