import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControllerError } from "../controller.ts";

/** The controller's functions and limits that setting a password needs. */
export interface IpmiAccount {
  call(words: readonly string[], signal: AbortSignal): Promise<string>;
  userName: string;
  /** Maximum length of a password in bytes. */
  passwordBytes: number;
}

/**
 * Changes the account's password. As an argument, `ps` would show it to other users. So ipmitool reads it from a file
 * that only this user can read, and that is deleted afterwards.
 * @throws {ControllerError} `refused` if IPMI can't represent the password, or the account is not listed
 */
export async function ipmiPasswordSet(account: IpmiAccount, password: string, signal: AbortSignal): Promise<void> {
  if (
    Buffer.byteLength(password) > account.passwordBytes ||
    !/^[\x21-\x7e]+$/u.test(password) ||
    /["'\\#]/u.test(password)
  ) {
    throw new ControllerError(
      "refused",
      `by IPMI a password has at most ${account.passwordBytes} printable ASCII characters, without spaces, quotes, \\ and #`,
    );
  }
  const id = userIdOf(await account.call(["-c", "user", "list"], signal), account.userName);
  const directory = await mkdtemp(join(tmpdir(), "farrier-ipmi-"));
  try {
    const file = join(directory, "commands");
    await writeFile(file, `user set password ${id} ${password} 20\n`, { mode: 0o600 });
    await account.call(["exec", file], signal);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Finds the user's id in the CSV output of `user list`: "2,admin,true,true,true,ADMINISTRATOR".
 * @throws {ControllerError} `refused`
 */
function userIdOf(list: string, userName: string): number {
  for (const line of list.split("\n")) {
    const [id, name] = line.split(",");
    if (name === userName && id !== undefined && /^\d+$/u.test(id)) {
      return Number(id);
    }
  }
  throw new ControllerError(
    "refused",
    `the controller does not list the account "${userName}": is its right to list users missing?`,
  );
}
