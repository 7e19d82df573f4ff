import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { AgentError, cleanText } from "../errors.ts";

/** Programs that an installation runs, with the Debian package of each. */
const packages = {
  wipefs: "util-linux",
  blkdiscard: "util-linux",
  efibootmgr: "efibootmgr",
  e2fsck: "e2fsprogs",
  resize2fs: "e2fsprogs",
  xz: "xz-utils",
} as const;

/** A program that an installation runs. */
export type Program = keyof typeof packages;

const outputMost = 1 << 20;
const toldMost = 500;

/**
 * Includes /usr/sbin, where Debian keeps some programs and which not every PATH has. The language is fixed, because
 * output is parsed.
 */
export function programEnvironment(): NodeJS.ProcessEnv {
  const path = [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);
  return { ...process.env, PATH: path, LC_ALL: "C" };
}

/** The error for a program that can't be started. */
export function programMissing(name: Program, cause: unknown): AgentError {
  const missing = errorCode(cause) === "ENOENT";
  return new AgentError(
    "program_failed",
    missing
      ? `the program ${name} is missing: install the Debian package ${packages[name]}, or use a boot image that has it`
      : `the program ${name} cannot be started`,
    { cause },
  );
}

/**
 * Runs a program to its end and resolves to its output, at most 1 MiB. When aborted it kills the program, and settles
 * only after the program has ended.
 * @throws {AgentError} `program_failed` if the program is missing, or ends with a status that is not in `statuses`
 * @throws the signal's reason when aborted
 */
export async function runDiskProgram(
  name: Program,
  args: readonly string[],
  options: { signal: AbortSignal; statuses?: readonly number[] | undefined },
): Promise<string> {
  const { signal, statuses = [0] } = options;
  signal.throwIfAborted();
  const child = spawn(name, args, { stdio: ["ignore", "pipe", "pipe"], env: programEnvironment() });
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once("error", (cause) => reject(programMissing(name, cause)));
      child.once("close", (code, by) => resolve(code ?? by ?? "unknown"));
    });
    signal.throwIfAborted();
    if (typeof status !== "number" || !statuses.includes(status)) {
      const said = cleanText(`${errors()} ${output()}`, toldMost);
      throw new AgentError("program_failed", `${name} ended with ${status}: ${said === "" ? "it said nothing" : said}`);
    }
    return output();
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

/** Reads a stream to its end, and keeps the first mebibyte. */
export function collect(stream: NodeJS.ReadableStream): () => string {
  const kept: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    if (bytes < outputMost) {
      kept.push(chunk.subarray(0, outputMost - bytes));
    }
    bytes += chunk.length;
  });
  return () => Buffer.concat(kept).toString("utf8");
}
