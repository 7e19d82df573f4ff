import { execFile } from "node:child_process";
import { delimiter } from "node:path";
import { promisify } from "node:util";
import { errorCode } from "../src/lib/errors.ts";
import { BuildError } from "./errors.ts";

const outputLimit = 64 << 20;
// The last lines of a program's output explain why it failed.
const toldLines = 5;

/** The Debian package of each program that builders run. */
const packageOf = {
  "apt-cache": "apt",
  "apt-get": "apt",
  "dpkg-deb": "dpkg",
  fakeroot: "fakeroot",
  mke2fs: "e2fsprogs",
  mmdebstrap: "mmdebstrap",
  sh: "dash",
  tar: "tar",
} as const;
type Program = keyof typeof packageOf;

/**
 * Runs a program of this host to its end; resolves to its standard output.
 * @throws {BuildError} `program_missing`, naming the Debian package; `program_failed`, with its last lines
 */
export function runBuildProgram(
  program: Program,
  args: readonly string[],
  options?: { cwd?: string },
): Promise<string> {
  return runFile(program, args, { ...options, missing: `on Debian, \`apt install ${packageOf[program]}\`` });
}

/**
 * Runs any executable file; `missing` says what to do if it does not exist. @throws {BuildError} as {@link
 * runBuildProgram}
 */
export async function runFile(
  file: string,
  args: readonly string[],
  options: { cwd?: string | undefined; env?: Readonly<Record<string, string>> | undefined; missing: string },
): Promise<string> {
  // Debian has some of them in sbin, which not every PATH has. The locale fixes the wording of apt's output.
  const path = [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);
  const env = { ...process.env, PATH: path, LC_ALL: "C", ...options.env };
  try {
    const { stdout } = await promisify(execFile)(file, [...args], { cwd: options.cwd, env, maxBuffer: outputLimit });
    return stdout;
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") {
      throw new BuildError("program_missing", `${file} is not installed: ${options.missing}`, { cause });
    }
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    const last = said.split("\n").slice(-toldLines).join("; ");
    throw new BuildError("program_failed", `${file} ${args[0] ?? ""} failed: ${last}`, { cause });
  }
}
