import { createReadStream } from "node:fs";
import { systemWords } from "../../lib/host/system-words.ts";
import { CliError } from "../errors.ts";

/** The maximum length of a secret in bytes, as the control plane has it, and one line end. */
const secretFileLimit = 65_536 + 2;

/**
 * Reads a secret from a file, or from standard input where the path is "-". One line end after it (LF or CRLF) does not belong
 * to it, since editors and `echo` write one.
 * @throws {CliError} `usage` if it can't be read, is empty or too long. Never quotes what was read.
 */
export async function secretFileRead(flag: string, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const from = path === "-" ? "standard input" : `${flag} ${path}`;
  let bytes: Buffer;
  try {
    bytes = await limited(path === "-" ? process.stdin : createReadStream(path));
  } catch (error) {
    throw new CliError("usage", `${from} can't be read ${systemWords(error)}`, { cause: error });
  }
  if (bytes.length > secretFileLimit) {
    throw new CliError("usage", `${from} has more than 65536 bytes: expected the secret, and nothing else`);
  }
  const end = bytes.at(-1) !== 0x0a ? 0 : bytes.at(-2) === 0x0d ? 2 : 1;
  const secret = bytes.subarray(0, bytes.length - end);
  if (secret.length === 0) {
    throw new CliError("usage", `${from} is empty: expected the secret`);
  }
  return Uint8Array.from(secret);
}

/** As much as is needed to see that it is too long: what is read may have no end. */
async function limited(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length > secretFileLimit) {
      break;
    }
  }
  return Buffer.concat(parts);
}
