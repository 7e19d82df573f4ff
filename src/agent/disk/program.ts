import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { AgentError, cleanText } from "../errors.ts";

/** Programs that an installation calls, with the Debian package that has each. */
const packages = {
  wipefs: "util-linux",
  blkdiscard: "util-linux",
  efibootmgr: "efibootmgr",
  e2fsck: "e2fsprogs",
  resize2fs: "e2fsprogs",
  xz: "xz-utils",
} as const;

/** A program that an installation calls. */
export type Program = keyof typeof packages;

const outputMost = 1 << 20;
const toldMost = 500;

/** Debian keeps some in /usr/sbin, which is not in everybody's path. The language is fixed: output is read. */
export function programEnvironment(): NodeJS.ProcessEnv {
  const path = [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);
  return { ...process.env, PATH: path, LC_ALL: "C" };
}

/** What to do about a program that can't be started. */
export function programMissing(name: Program, cause: unknown): AgentError {
  const missing = errorCode(cause) === "ENOENT";
  return new AgentError(
    "program_failed",
    missing
      ? `the program ${name} is not there: install the Debian package ${packages[name]}, or use a boot image that has it`
      : `the program ${name} cannot be started`,
    { cause },
  );
}

/**
 * Runs a program to its end and gives back what it printed, at most 1 MiB. Aborted, it is killed, and this returns only
 * when it is gone.
 * @throws {AgentError} `program_failed` when it is not there, or ends with a status that is not in `statuses`
 * @throws the signal's reason when it is aborted
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

/** Takes all that a stream gives, and keeps the first mebibyte. */
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
