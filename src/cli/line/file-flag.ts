import { readFile } from "node:fs/promises";
import { systemWords } from "../../lib/host/system-words.ts";
import { CliError } from "../errors.ts";

/**
 * The bytes of a file that a flag names; none without the flag.
 * @throws {CliError} `usage` where it can't be read or has more than `limit` bytes
 */
export async function fileFlagRead(
  flag: string,
  path: string | undefined,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (path === undefined) {
    return new Uint8Array();
  }
  let data: Uint8Array;
  try {
    data = await readFile(path);
  } catch (error) {
    throw new CliError("usage", `${flag} ${path} can't be read ${systemWords(error)}`, {
      cause: error,
    });
  }
  if (data.length > limit) {
    throw new CliError("usage", `${flag} ${path} has ${data.length} bytes: expected at most ${limit}`);
  }
  return Uint8Array.from(data);
}
