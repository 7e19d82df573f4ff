import { readFile } from "node:fs/promises";
import { systemWords } from "../../lib/host/system-words.ts";
import { shownValue } from "../../lib/net/shown-url.ts";
import { CliError } from "../errors.ts";

/**
 * Reads the file that a flag names; empty without the flag.
 * @throws {CliError} `usage` if it can't be read or is larger than `limit` bytes
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
    throw new CliError("usage", `${flag} ${shownValue(path)} can't be read ${systemWords(error)}`, {
      cause: error,
    });
  }
  if (data.length > limit) {
    throw new CliError("usage", `${flag} ${shownValue(path)} has ${data.length} bytes: expected at most ${limit}`);
  }
  return Uint8Array.from(data);
}
