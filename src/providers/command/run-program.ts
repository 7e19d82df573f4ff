import { spawn } from "node:child_process";
import { errorCode } from "../../lib/errors.ts";
import { printable } from "../../lib/format/printable.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { ProviderError } from "../../shepherd/provider.ts";

/** Maximum bytes that are kept of each of a program's outputs; it is ended if it writes a thousand times as much. */
const outputKept = 64 * 1024;
const outputMost = 1000 * outputKept;
/** Milliseconds between the request to end and the end by force. */
const grace = 2_000;

/** How a program ended, and what it wrote. */
export interface ProgramEnd {
  status: number;
  /** Its standard output, at most 64 KiB. */
  output: string;
  /** What it said last on standard error, or else on standard output: one printable line. */
  said: string;
}

/**
 * Runs a program of the operator's, without a shell and in a process group of its own, which is ended with all that is in it
 * at the limit, when the caller gives up, and when it writes without end.
 * @param limit milliseconds that it may take
 * @throws {ProviderError} `unavailable` if it can't be started, takes longer, writes too much or is killed
 * @throws the signal's reason
 */
export async function programRun(
  argv: readonly [string, ...string[]],
  { limit, signal }: { limit: number; signal: AbortSignal },
): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const [program] = argv;
  const child = start(argv);
  if (child.pid === undefined) {
    // It may have no pipes either: where no file can be opened any more, none is made.
    throw notStarted(program, await new Promise((resolve) => child.once("error", resolve)));
  }
  const kill = (by: NodeJS.Signals): void => {
    try {
      // Negative: the whole group.
      process.kill(-(child.pid ?? Number.NaN), by);
    } catch {
      // The group is empty: all of it has ended.
    }
  };
  let why: "late" | "much" | undefined;
  let force: NodeJS.Timeout | undefined;
  const end = (): void => {
    kill("SIGTERM");
    force ??= setTimeout(() => kill("SIGKILL"), grace);
  };
  const stopped = (): void => end();
  const late = setTimeout(() => {
    why = "late";
    end();
  }, limit);
  signal.addEventListener("abort", stopped, { once: true });
  const streams = { stdout: keep(), stderr: keep() };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => {
      if (streams[name].add(chunk) > outputMost) {
        why ??= "much";
        end();
      }
    });
  }
  try {
    const ended = await new Promise<number | NodeJS.Signals>((resolve) => {
      // Not "close": a child of the program may keep its output open for ever. Where several programs end at once, the exit of
      // one may be told together with another's, before its own output was looked at: that is read in the next turn of the
      // event loop, whose immediates come after its reads.
      child.once("exit", (code, by) => setImmediate(() => setImmediate(() => resolve(code ?? by ?? 1))));
    });
    signal.throwIfAborted();
    const [output, said] = [streams.stdout.text(), lastLine(streams.stderr.text()) || lastLine(streams.stdout.text())];
    if (why === "late") {
      throw failed(program, `did not end within ${limit / 1000} s, and was ended`, said);
    }
    if (why === "much") {
      throw failed(program, "wrote without end, and was ended", said);
    }
    if (typeof ended === "string") {
      throw failed(program, `was ended by ${ended}`, said);
    }
    return { status: ended, output, said };
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", stopped);
    // What it left running in its group goes with it, and so does what holds its output open.
    kill("SIGKILL");
    clearTimeout(force);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** Starts it; what does not start has no process id, and its error follows. @throws {ProviderError} `unavailable` */
function start([program, ...args]: readonly [string, ...string[]]) {
  try {
    return spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw notStarted(program, error);
  }
}

function notStarted(program: string, cause: unknown): ProviderError {
  const hint = errorCode(cause) === "ENOENT" ? ": expected its whole path, or a name in this process' PATH" : "";
  return new ProviderError("unavailable", `can't start ${printable(program)} ${systemWords(cause)}${hint}`, { cause });
}

function keep() {
  const kept: Buffer[] = [];
  let bytes = 0;
  return {
    add: (chunk: Buffer): number => {
      if (bytes < outputKept) {
        kept.push(chunk.subarray(0, outputKept - bytes));
      }
      bytes += chunk.length;
      return bytes;
    },
    text: () => Buffer.concat(kept).toString("utf8"),
  };
}

function lastLine(text: string): string {
  return printable(text.trim().split("\n").at(-1) ?? "").slice(0, 300);
}

function failed(program: string, what: string, said: string): ProviderError {
  return new ProviderError(
    "unavailable",
    `${printable(program)} ${what}${said === "" ? "" : `; it said last: ${said}`}`,
  );
}
