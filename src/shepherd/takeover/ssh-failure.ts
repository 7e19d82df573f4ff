import { TakeoverError } from "./errors.ts";
import { hostOutput } from "./host-output.ts";

/**
 * What the SSH client's own failure (exit status 255) means, by its words. Pure.
 * @param where the target as an operator knows it
 */
export function sshFailure(stderr: string, where: string): TakeoverError {
  const said = hostOutput(stderr);
  if (/host key verification failed|no \S+ host key is known|identification has changed/iu.test(stderr)) {
    return new TakeoverError(
      "host_key",
      `${where} shows another host key than the pinned one, so nothing was sent to it. Either another host has this ` +
        "address now, or the host was installed anew: then give its new key with --ssh-host-key: `farrier machine update --help`",
    );
  }
  if (/permission denied|too many authentication failures|no more authentication methods/iu.test(stderr)) {
    return new TakeoverError(
      "unauthorized",
      `${where} refused the credential (${said}): is it this account's, and does the host's sshd allow its kind? ` +
        "`farrier credential rotate --help` says how to change it",
    );
  }
  return new TakeoverError(
    "unreachable",
    `there is no SSH connection to ${where}: ${said === "" ? "the client said nothing" : said}`,
  );
}
