import { createPrivateKey } from "node:crypto";

const magic = "openssh-key-v1\0";
const expected =
  'expected PEM with "-----BEGIN … PRIVATE KEY-----", as ssh-keygen writes it: one key, without a passphrase';
const passphrase =
  "is protected by a passphrase, which nobody can type here: store a copy without one, made by " +
  "`cp KEY COPY` and `ssh-keygen -p -N '' -f COPY`";

/** Why a text is no private key that OpenSSH logs in with; undefined if it is. Never quotes the text. Pure. */
export function sshPrivateKeyProblem(text: string): string | undefined {
  if (text.startsWith("PuTTY-User-Key-File")) {
    return "is a key of PuTTY: convert it with `puttygen KEY.ppk -O private-openssh -o KEY`";
  }
  if (/^(?:ssh-|ecdsa-|sk-)[\w@.-]+ AAAA/u.test(text) || text.includes("BEGIN PUBLIC KEY")) {
    return "is a public key: expected the private key, in the file without `.pub`";
  }
  const blocks = [
    ...text.matchAll(
      /^-----BEGIN (?<label>[A-Z0-9 ]*PRIVATE KEY)-----\r?$(?<body>[^]*?)^-----END \k<label>-----\r?$/gmu,
    ),
  ];
  const [block] = blocks;
  if (block === undefined || block.groups === undefined) {
    return `is no private key: ${expected}`;
  }
  if (blocks.length > 1) {
    return `holds ${blocks.length} private keys: ${expected}`;
  }
  if (text.replace(block[0], "").trim() !== "") {
    return `holds something beside a private key: ${expected}`;
  }
  const { label = "", body = "" } = block.groups;
  if (label === "OPENSSH PRIVATE KEY") {
    return opensshProblem(Buffer.from(body, "base64"));
  }
  if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: 4,ENCRYPTED\r?$/mu.test(body)) {
    return passphrase;
  }
  try {
    const { asymmetricKeyType: type } = createPrivateKey(block[0]);
    return type === "rsa" || type === "ec" || type === "ed25519" ? undefined : unusable(type ?? "another kind");
  } catch {
    return `is damaged: ${expected}`;
  }
}

/** Checks OpenSSH's own format (PROTOCOL.key of OpenSSH). */
function opensshProblem(bytes: Buffer): string | undefined {
  try {
    const reader = new Reader(bytes, magic.length);
    if (bytes.toString("latin1", 0, magic.length) !== magic) {
      return `is damaged: ${expected}`;
    }
    const cipher = reader.string().toString("latin1");
    reader.string();
    reader.string();
    const keys = reader.number();
    const publicKey = reader.string();
    const sealed = reader.string();
    if (cipher !== "none") {
      return passphrase;
    }
    const type = new Reader(publicKey).string().toString("latin1");
    if (keys !== 1 || sealed.readUInt32BE(0) !== sealed.readUInt32BE(4)) {
      return `is damaged: ${expected}`;
    }
    return /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/u.test(type) ? undefined : unusable(type);
  } catch {
    return `is damaged: ${expected}`;
  }
}

function unusable(type: string): string {
  return type.startsWith("sk-")
    ? `belongs to a security token, which is not in the shepherd's host: ${expected}`
    : `is of a type that hosts do not accept any more, or not known here: ${expected}`;
}

/** Reads the fields of SSH's wire format (RFC 4251, 5). Every method throws a RangeError past the end. */
class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  number(): number {
    const value = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  string(): Buffer {
    const length = this.number();
    if (this.#at + length > this.#bytes.length) {
      throw new RangeError("a field is longer than the key");
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
