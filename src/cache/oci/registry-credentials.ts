import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { systemWords } from "../../lib/host/system-words.ts";
import { CacheError } from "../errors.ts";

/** What opens a registry. */
export interface RegistryCredentials {
  user: string;
  password: string;
}

const lengthLimit = 8 * 1024;

/**
 * Reads a registry's credentials from a file: one line, USER:PASSWORD, for this user alone. No message has its content.
 * @throws {CacheError} `unusable`
 */
export async function registryCredentialsRead(path: string): Promise<RegistryCredentials> {
  const failed = (why: string, cause?: unknown): CacheError =>
    new CacheError("unusable", `the file of the registry's credentials ${path} ${why}`, { cause });
  let text: string;
  try {
    // Non-blocking, in case the path is a pipe without a writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const about = await file.stat();
    if (!about.isFile() || about.size > lengthLimit) {
      throw failed("is no file of one line: expected USER:PASSWORD");
    }
    if ((about.mode & 0o077) !== 0) {
      throw failed(`can be read by others: close it with chmod 600 ${path}`);
    }
    text = await file.readFile("utf8");
  } catch (error) {
    throw error instanceof CacheError ? error : failed(`can't be read ${systemWords(error)}`, error);
  }
  const [, user, password] = /^(?<user>[^:\s]+):(?<password>\S+)\s*$/u.exec(text) ?? [];
  if (user === undefined || password === undefined) {
    throw failed("has another form: expected one line, USER:PASSWORD");
  }
  return { user, password };
}
