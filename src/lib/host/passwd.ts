/** The numeric ids of a user. */
export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** Finds a user in /etc/passwd (passwd(5)) by name; root under another name does not count. */
export function findUser(passwd: string, name: string): UserIds | undefined {
  for (const line of passwd.split("\n")) {
    const [user, , uid, gid] = line.split(":");
    if (user === name && Number(uid) > 0) {
      return { uid: Number(uid), gid: Number(gid) };
    }
  }
  return undefined;
}

/** The name of a user id in /etc/passwd; undefined if it has none. */
export function userName(passwd: string, uid: number): string | undefined {
  return passwd
    .split("\n")
    .map((line) => line.split(":"))
    .find(([, , id]) => id === String(uid))?.[0];
}
