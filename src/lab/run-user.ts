import { readFile } from "node:fs/promises";
import { findUser, type UserIds } from "../lib/host/passwd.ts";
import { systemUser, systemUserCommands } from "../lib/host/system-user.ts";
import { LabError } from "./errors.ts";

/**
 * Whom root runs QEMU as, made where there is none: a user of its own, since a guest that broke out would have whatever
 * that user has.
 */
const labUser = "farrier-lab";

/**
 * Who runs QEMU: this user (undefined), or where that is root the system user `farrier-lab`. `made` is called once it was made.
 * @throws {LabError} `no_user`, with the command that makes it
 */
export async function qemuUser(
  made: (name: string) => void = () => undefined,
  self = process.getuid?.() ?? -1,
): Promise<UserIds | undefined> {
  if (self !== 0) {
    return undefined;
  }
  const user =
    findUser(await readFile("/etc/passwd", "utf8"), labUser) ?? (await systemUser(labUser, () => made(labUser)));
  if (user === undefined) {
    throw new LabError(
      "no_user",
      `lab machines do not run as root, and the system user ${labUser} for them can't be made here: run ` +
        `\`${systemUserCommands(labUser)}\`, or start as an ordinary user`,
    );
  }
  return user;
}
