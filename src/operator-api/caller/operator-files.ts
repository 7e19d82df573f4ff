import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { makeDirectory } from "../../lib/host/make-directory.ts";
import { temporaryName } from "../../lib/host/temporary-name.ts";
import { OperatorApiError } from "../errors.ts";

/** The file of the data directory that holds the operators' token. */
export const operatorTokenFile = "operator-token";
/** The file of the data directory with the operator API's address: its URL and a line feed. */
export const operatorAddressFile = "operator-address";

const tokenPattern = /^frr_[A-Za-z0-9_-]{43}$/u;

/**
 * Reads the operators' token, or creates it if missing: 32 random bytes, readable by this user alone. Processes that
 * start at the same moment all get the same token.
 * @param made called if it was missing: what an earlier token began is void
 * @throws {OperatorApiError} `file_invalid` if the file holds something else
 */
export async function operatorTokenEnsure(
  directory: string,
  made: () => Promise<void> = async () => undefined,
): Promise<string> {
  await makeDirectory(directory);
  const path = join(directory, operatorTokenFile);
  const there = await tokenRead(path);
  if (there !== undefined) {
    return there;
  }
  // Before the new one is there: if this fails, the next start does it.
  await made();
  const temporary = await writeTemporary(path, `frr_${randomBytes(32).toString("base64url")}\n`, 0o600);
  try {
    // A hard link, not a rename: it fails if another process was faster, and then that process' token counts.
    await link(temporary, path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") {
      throw error;
    }
  } finally {
    await unlink(temporary);
  }
  const written = await tokenRead(path);
  if (written === undefined) {
    throw new OperatorApiError("file_invalid", `${path} was removed while it was being created: start again`);
  }
  return written;
}

async function tokenRead(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
  const token = text.trim();
  if (!tokenPattern.test(token)) {
    throw new OperatorApiError(
      "file_invalid",
      `${path} holds no token (frr_ and 43 characters): remove the file, and the next start creates a new token`,
    );
  }
  return token;
}

/** Writes the operator API's address into the data directory, where the command line finds it. */
export async function operatorAddressWrite(directory: string, url: string): Promise<void> {
  const path = join(directory, operatorAddressFile);
  await rename(await writeTemporary(path, `${url}\n`, 0o644), path);
}

async function writeTemporary(path: string, text: string, mode: number): Promise<string> {
  const temporary = temporaryName(path);
  const file = await open(temporary, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}
