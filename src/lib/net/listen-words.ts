import { errorCode } from "../errors.ts";
import { systemWords } from "../host/system-words.ts";

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there (another farrier?): stop it, or choose another address",
  EACCES: "this user may not listen there: choose a port above 1023",
  EADDRNOTAVAIL: "the address is not this host's: choose another",
};

/** Why an address can't be listened on, and what to do; the flag that names the address is to follow: " with --x". Pure. */
export function listenWords(error: unknown): string {
  return reasons[errorCode(error) ?? ""] ?? `${systemWords(error)}: choose another address`;
}
