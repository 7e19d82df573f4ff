import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { profileTextParse, ProfileTextError, type ProfileText } from "../../contract/profile/profile-text.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { CliError } from "../errors.ts";

/** A profile as its file says it. */
export interface ProfileFile {
  name: string;
  spec: ProfileSpec;
}

const fileMost = 1 << 20;

/**
 * Reads a profile's file: YAML or JSON, and the files beside it that it names.
 * @throws {CliError} `usage`, with the line
 */
export async function profileFileRead(path: string): Promise<ProfileFile> {
  const { name, spec, files } = parsed(path, await textOf("-f", path));
  const folder = path === "-" ? process.cwd() : dirname(resolve(path));
  if (files.userData !== undefined) {
    spec.userData = await textOf(`-f ${path}: user_data_file`, resolve(folder, files.userData));
  }
  if (files.networkConfig !== undefined) {
    spec.networkConfig = await textOf(`-f ${path}: network_config_file`, resolve(folder, files.networkConfig));
  }
  return { name, spec };
}

function parsed(path: string, text: string): ProfileText {
  try {
    return profileTextParse(text);
  } catch (error) {
    if (error instanceof ProfileTextError) {
      throw new CliError("usage", `-f ${path}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

async function textOf(flag: string, path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path === "-" ? "/dev/stdin" : path);
  } catch (error) {
    throw new CliError("usage", `${flag} ${path} can't be read ${systemWords(error)}`, { cause: error });
  }
  if (bytes.length > fileMost) {
    throw new CliError("usage", `${flag} ${path} has ${bytes.length} bytes: expected at most ${fileMost}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CliError("usage", `${flag} ${path} is not UTF-8 text: save it in that encoding`, { cause: error });
  }
}
