import { ControllerError } from "../controller.ts";

/** Length of a password in bytes that every version of IPMI stores; longer ones need a format of their own. */
const plainBytes = 16;

/** The controller's functions and limits that setting a password needs. */
export interface IpmiAccount {
  /** Runs ipmitool; `input` is its standard input. */
  call(words: readonly string[], signal: AbortSignal, input?: string): Promise<string>;
  userName: string;
  /** Maximum length of a password in bytes. */
  passwordBytes: number;
}

/**
 * Changes the account's password. As an argument, `ps` would show it to other users, so ipmitool reads the command from
 * its standard input.
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
  const format = Buffer.byteLength(password) > plainBytes ? account.passwordBytes : plainBytes;
  const command = `user set password ${id} ${password} ${format}\n`;
  await account.call(["exec", "/dev/stdin"], signal, command);
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
