import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { errorCode } from "../../lib/errors.ts";
import { TakeoverError } from "./errors.ts";
import type { HostRan, HostRunOptions } from "./ssh-host.ts";

/** Maximum number of bytes on a command's standard output. */
const outputLimit = 256 * 1024;
/** Number of characters kept of standard error: its end. */
export const errorLimit = 16 * 1024;

/**
 * Runs a program of OpenSSH's client to its end, in a process group of its own, with bounded output and time.
 * @throws {TakeoverError} `limit`; `unreachable` if the program is not installed
 */
export async function sshChild(
  program: "ssh" | "ssh-keyscan",
  args: readonly string[],
  { input, limit, signal, environment = {} }: HostRunOptions & { environment?: Readonly<Record<string, string>> },
): Promise<HostRan> {
  signal.throwIfAborted();
  const child = spawn(program, [...args], {
    // Without the environment's SSH_AUTH_SOCK: no agent of this process's user.
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", HOME: "/nonexistent", ...environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let tooLong = false;
  let timedOut = false;
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, "SIGKILL");
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, limit * 1000);
  signal.addEventListener("abort", kill, { once: true });
  const stdout: Buffer[] = [];
  let length = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > outputLimit) {
      tooLong = true;
      kill();
    } else {
      stdout.push(chunk);
    }
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-errorLimit);
  });
  const source = input === undefined ? [] : input instanceof Uint8Array ? [input] : createReadStream(input.file);
  const fed = pipeline(source instanceof Readable ? source : Readable.from(source), child.stdin).catch(
    (error: unknown) => error,
  );
  try {
    const ended = await new Promise<number | NodeJS.Signals | Error>((resolve) => {
      child.once("error", resolve);
      child.once("close", (code, by) => resolve(code ?? by ?? 1));
    });
    const notFed = await fed;
    signal.throwIfAborted();
    if (ended instanceof Error) {
      throw new TakeoverError(
        "unreachable",
        `the program ${program} can't be run on the shepherd's host (${errorCode(ended) ?? ended.message}): install OpenSSH's client (Debian: \`apt-get install openssh-client\`)`,
        { cause: ended },
      );
    }
    if (tooLong) {
      throw new TakeoverError(
        "limit",
        `the host sent more than ${outputLimit / 1024} KiB, and was not listened to any longer`,
      );
    }
    if (timedOut) {
      throw new TakeoverError("limit", `the host took longer than ${limit} s for this step`);
    }
    if (
      input !== undefined &&
      !(input instanceof Uint8Array) &&
      notFed !== undefined &&
      errorCode(notFed) !== "EPIPE" &&
      errorCode(notFed) !== "ERR_STREAM_PREMATURE_CLOSE"
    ) {
      throw new TakeoverError("boot_image", `${input.file} can't be read`, { cause: notFed });
    }
    return { status: typeof ended === "number" ? ended : 255, stdout: Buffer.concat(stdout), stderr };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
  }
}
