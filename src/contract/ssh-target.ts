import { isIP } from "node:net";
import { ipBytes, ipText } from "../lib/net/ip-bytes.ts";

/** An account on a host that is reached by SSH. */
export interface SshTarget {
  user: string;
  /** A name in lower case, or an IP address without brackets: one spelling for one host. */
  host: string;
  port: number;
}

/** SSH's port where none is given. */
const sshPort = 22;
// Neither may begin with "-": the SSH client would take it for an option.
const userPattern = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/u;
const namePattern =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/u;

/** Reads `USER@HOST[:PORT]`, an IPv6 address in brackets. For anything else: what is wrong with it. Pure. */
export function sshTargetParse(text: string): SshTarget | { problem: string } {
  const parts = /^(?<user>[^@]*)@(?:\[(?<v6>[^\]]*)\]|(?<host>[^:[\]]*))(?::(?<port>\d{1,5}))?$/u.exec(text)?.groups;
  if (parts === undefined) {
    return { problem: "expected USER@HOST or USER@HOST:PORT, an IPv6 address in brackets: root@[2001:db8::7]:22" };
  }
  const { user = "", v6, host: named = "", port: portText } = parts;
  if (!isSshUser(user)) {
    return {
      problem:
        'its user name is not one of a system: expected letters, digits, "_", "." and "-", a letter or "_" first',
    };
  }
  if (v6 === undefined ? !isHost(named) : isIP(v6) !== 6 || v6.includes("%")) {
    return { problem: "its host is neither a host name nor an IP address" };
  }
  const host = v6 === undefined ? named.toLowerCase() : ipText(ipBytes(v6));
  const port = portText === undefined ? sshPort : Number(portText);
  return port < 1 || port > 65_535 ? { problem: "its port is not between 1 and 65535" } : { user, host, port };
}

/** Whether a text is an account's name that the SSH client can't take for an option. Pure. */
export function isSshUser(text: string): boolean {
  return userPattern.test(text);
}

/** Only digits and dots, but not an address: a typing error, not a name. */
function isHost(text: string): boolean {
  return isIP(text) === 4 || (namePattern.test(text) && !/^[0-9.]+$/u.test(text));
}

/** Formats a target so that {@link sshTargetParse} reads the same; without the port where it is the usual one. Pure. */
export function sshTargetText({ user, host, port }: SshTarget): string {
  return `${user}@${host.includes(":") ? `[${host}]` : host}${port === sshPort ? "" : `:${port}`}`;
}
