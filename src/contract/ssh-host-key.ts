import { createHash } from "node:crypto";

/** A host's public key as an operator pins it: whole, or by its fingerprint. */
export type SshHostKey =
  /** `ssh-ed25519 AAAA…` */
  | { by: "key"; key: string }
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  | { by: "fingerprint"; fingerprint: string };

const types = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"] as const;

/** Reads a host key, or its fingerprint; a comment after the key is left out. For anything else: what is wrong with it. Pure. */
export function sshHostKeyParse(text: string): SshHostKey | { problem: string } {
  if (/^SHA256:[A-Za-z0-9+/]{43}$/u.test(text)) {
    return { by: "fingerprint", fingerprint: text };
  }
  const [type = "", blob = ""] = text.trim().split(/[ \t]+/u);
  if (!(types as readonly string[]).includes(type)) {
    return {
      problem: `expected a public key such as "ssh-ed25519 AAAA…" (the host's /etc/ssh/ssh_host_ed25519_key.pub), or its fingerprint "SHA256:…" of 43 characters`,
    };
  }
  // OpenSSH reads no base64 without its padding.
  return blobType(blob) === type
    ? { by: "key", key: `${type} ${Buffer.from(blob, "base64").toString("base64")}` }
    : { problem: `its base64 is not a key of type ${type}: copy the whole line of the host's public key` };
}

/** The type within a key, which is a sequence of strings (RFC 4253, section 6.6); undefined if it is not that. */
function blobType(base64: string): string | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length > 8192 || bytes.toString("base64").replaceAll("=", "") !== base64.replaceAll("=", "")) {
    return undefined;
  }
  const strings: Buffer[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt32BE(at);
    strings.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return at === bytes.length && strings.length > 1 ? strings[0]?.toString("latin1") : undefined;
}

/** The fingerprint of a key `TYPE BASE64`, as `ssh-keygen -l` prints it. Pure. */
export function sshFingerprint(key: string): string {
  const blob = Buffer.from(key.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replaceAll("=", "")}`;
}
