import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import { errorCode } from "../lib/errors.ts";
import { makeDirectory } from "../lib/host/make-directory.ts";
import { systemWords } from "../lib/host/system-words.ts";
import { SecretsError } from "./errors.ts";
import { secretsKey, secretsKeyBytes, type SecretsKey } from "./secrets-key.ts";

/** The name of the key file in the data directory. */
export const secretsKeyFile = "secrets-key";

const firstLine = "# Farrier secrets keys: keep them as secret as what they seal, and apart from backups";
const lineStart = "farrier-secrets-key-1 ";
/** Maximum length of a key file in bytes. A file with every key that ever existed is far shorter. */
const lengthLimit = 64 * 1024;

/**
 * Reads the keys in a key file, oldest first; undefined if there is no file.
 * @throws {SecretsError} `key_file` if other users can access the file, or its content is invalid
 */
export async function keyFileRead(path: string): Promise<SecretsKey[] | undefined> {
  let text: string;
  try {
    // Non-blocking, in case the path is a pipe without a writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const about = await file.stat();
    if (!about.isFile()) {
      throw keyFileError(path, about.isDirectory() ? "is a directory" : "is no regular file");
    }
    if ((about.mode & 0o077) !== 0) {
      const mode = (about.mode & 0o777).toString(8).padStart(4, "0");
      throw new SecretsError(
        "key_file",
        `others may read or write ${path} (mode ${mode}): expected a key file of this user alone. ` +
          `Close it with chmod 600 ${path}`,
      );
    }
    if (about.size > lengthLimit) {
      throw keyFileError(path, `has ${about.size} bytes`);
    }
    text = await file.readFile("latin1");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    if (error instanceof SecretsError) {
      throw error;
    }
    throw new SecretsError("key_file", `the key file ${path} can't be read ${systemWords(error)}`, { cause: error });
  }
  const keys = text
    .split(/\r?\n/u)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => keyOfLine(path, line));
  if (keys.length === 0) {
    throw keyFileError(path, "holds no key");
  }
  return keys;
}

function keyOfLine(path: string, line: string): SecretsKey {
  const base64 = line.startsWith(lineStart) ? line.slice(lineStart.length) : "";
  const bytes = Buffer.from(base64, "base64");
  // The line may be a truncated key, so it is not shown.
  if (bytes.length !== secretsKeyBytes || bytes.toString("base64") !== base64) {
    throw keyFileError(path, "has a line that is no key");
  }
  return secretsKey(bytes);
}

function keyFileError(path: string, wrong: string): SecretsError {
  return new SecretsError(
    "key_file",
    `the key file ${path} ${wrong}: expected lines of "${lineStart.trim()} " and ${secretsKeyBytes} bytes in base64, as ` +
      "Farrier makes it in the data directory. Take the lines from the key file of a host of the same control plane",
  );
}

/**
 * Creates a key file with one new key, readable by this user only, unless the file exists. Processes that start at the
 * same moment all get the same keys.
 * @throws {SecretsError} `key_file`
 */
export async function keyFileEnsure(path: string): Promise<SecretsKey[]> {
  const there = await keyFileRead(path);
  if (there !== undefined) {
    return there;
  }
  await keysWrite(path, [secretsKey(randomBytes(secretsKeyBytes))], false);
  const made = await keyFileRead(path);
  if (made === undefined) {
    throw new SecretsError("key_file", `the key file ${path} was removed while it was made: start again`);
  }
  return made;
}

/**
 * Appends a new key to the file. Of processes that share a file, only one may do it at a time.
 * @throws {SecretsError} `key_file`, also if this process may not write it
 */
export async function keyFileAdd(path: string): Promise<SecretsKey> {
  const added = secretsKey(randomBytes(secretsKeyBytes));
  await keyFileMerge(path, [added]);
  return added;
}

/**
 * Appends those keys that the file lacks. Of processes that share a file, only one may do it at a time.
 * @throws {SecretsError} `key_file`, also if this process may not write it
 */
export async function keyFileMerge(path: string, keys: readonly SecretsKey[]): Promise<void> {
  const before = (await keyFileRead(path)) ?? [];
  const lacking = keys.filter(({ id }) => before.every((key) => key.id !== id));
  if (lacking.length > 0) {
    await keysWrite(path, [...before, ...lacking], true);
  }
}

async function keysWrite(path: string, keys: readonly SecretsKey[], replace: boolean): Promise<void> {
  const lines = keys.map(({ bytes }) => lineStart + Buffer.from(bytes).toString("base64"));
  try {
    await makeDirectory(dirname(path));
    await writeFileAtomic(path, [firstLine, ...lines, ""].join("\n"), { mode: 0o600, replace });
  } catch (error) {
    throw new SecretsError(
      "key_file",
      `the key file ${path} can't be written ${systemWords(error)}: expected a directory that this user may write to`,
      { cause: error },
    );
  }
}
