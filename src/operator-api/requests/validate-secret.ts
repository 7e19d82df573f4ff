import type { StoredCredentialKind } from "../../database/queries/secret/credential.ts";
import { sshPrivateKeyProblem } from "./ssh-private-key.ts";

/** The maximum length of a secret in bytes: far more than the longest private key. */
export const secretLimit = 65_536;

/** Why a secret can't be one of that kind; undefined if it can. Never quotes the secret. Pure. */
export function secretProblem(kind: StoredCredentialKind, secret: Uint8Array): string | undefined {
  if (secret.length === 0) {
    return "is empty: expected the secret";
  }
  if (secret.length > secretLimit) {
    return `has ${secret.length} bytes: expected at most ${secretLimit}`;
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(secret);
  } catch {
    return "is not UTF-8 text";
  }
  if (text.includes("\0")) {
    return "holds a NUL: expected text";
  }
  if (text.startsWith("\uFEFF")) {
    return "begins with a byte order mark: save the file as UTF-8 without one";
  }
  if (kind === "ssh-key") {
    return sshPrivateKeyProblem(text);
  }
  return /[\r\n]/u.test(text) ? "has more than one line: expected a password on one line" : undefined;
}
