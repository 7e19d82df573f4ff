import { readFile } from "node:fs/promises";
import { findUser, type UserIds } from "../lib/host/passwd.ts";
import { systemUser, systemUserCommands } from "../lib/host/system-user.ts";
import { LabError } from "./errors.ts";

/**
 * The user of QEMU if root starts it, created if missing: a user of its own, because a guest that broke out would have
 * all of that user's rights.
 */
const labUser = "farrier-lab";

/**
 * The user of QEMU: this user (undefined), or if that is root, the system user `farrier-lab`. `made` is called after
 * the user was created.
 * @throws {LabError} `no_user`, with the command that creates it
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
