import { isMap, parseDocument } from "yaml";

/** User data with the login of a profile in it, or why it can't be put in. */
export type LoginUserData = { kind: "text"; text: string } | { kind: "problem"; problem: string };

/**
 * Adds keys that may log in to user data: to none, or to a #cloud-config that does not say who may log in. Everything else
 * of it stays as it is. Pure.
 * @param user whose login the keys open; "" = the image's default user
 */
export function loginUserData(
  userData: string,
  { sshKeys, user }: { sshKeys: readonly string[]; user: string },
): LoginUserData {
  if (sshKeys.length === 0) {
    return { kind: "text", text: userData };
  }
  const keys = sshKeys.map((key) => JSON.stringify(key)).join(", ");
  const [name, added] =
    user === ""
      ? ["ssh_authorized_keys", `ssh_authorized_keys: [${keys}]\n`]
      : [
          "users",
          `users:\n  - default\n  - {name: ${JSON.stringify(user)}, shell: /bin/bash, lock_passwd: true, ` +
            `sudo: "ALL=(ALL) NOPASSWD:ALL", ssh_authorized_keys: [${keys}]}\n`,
        ];
  if (userData === "") {
    return { kind: "text", text: `#cloud-config\n${added}` };
  }
  if (!/^#cloud-config[ \t]*\r?\n/u.test(userData)) {
    return { kind: "problem", problem: "can only be added to user data with the first line #cloud-config" };
  }
  const { contents } = parseDocument(userData, { version: "1.1" });
  if (contents !== null && !(isMap(contents) && contents.flow !== true)) {
    return {
      kind: "problem",
      problem: "can only be added to user data that is a mapping of lines KEY: VALUE",
    };
  }
  if (isMap(contents) && contents.has(name)) {
    return {
      kind: "problem",
      problem: `the user data says ${name} itself: put the keys there, and leave ssh_keys out`,
    };
  }
  return { kind: "text", text: `${userData}${userData.endsWith("\n") ? "" : "\n"}${added}` };
}
