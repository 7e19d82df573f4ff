import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { waitFor } from "./wait.ts";

const bin = new URL("../../bin/farrier.js", import.meta.url).pathname;

/** The result of a command that ended. */
export interface Ran {
  /** Exit status; null where a signal ended it. */
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A farrier as a process of its own. */
export interface FarrierProcess {
  readonly pid: number;
  /** What it has said so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly running: boolean;
  readonly ended: Promise<Ran>;
  /** Sends a signal, and resolves once the process is gone. */
  end(signal: NodeJS.Signals): Promise<Ran>;
}

/** How a farrier is started. */
export interface FarrierOptions {
  /** Over this process's environment. */
  env?: Readonly<Record<string, string>> | undefined;
  cwd?: string | undefined;
}

/** Starts `farrier ARGS…` and returns at once. */
export function farrierStart(args: readonly string[], options: FarrierOptions = {}): FarrierProcess {
  const env = { ...process.env, ...options.env };
  const child = spawn(process.execPath, [bin, ...args], { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  const ended = endedOf(child, said);
  return {
    // A process that could not be started makes `ended` reject.
    pid: child.pid ?? 0,
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    ended,
    end: async (signal) => {
      child.kill(signal);
      return await ended;
    },
  };
}

async function endedOf(child: ChildProcess, said: { stdout: string; stderr: string }): Promise<Ran> {
  const closed = once(child, "close");
  await once(child, "exit");
  // What it wrote before it ended comes before "close", which a PostgreSQL that outlives a killed parent may hold up.
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500))]);
  return { status: child.exitCode, signal: child.signalCode, ...said };
}

/** A farrier that serves. */
export interface ServingFarrier extends FarrierProcess {
  /** HOST:PORT where agents are served. */
  readonly agents: string;
  /** The operator API's URL. */
  readonly operators: string;
}

/** Starts `farrier up ARGS…` (or server), and waits until it says that it is ready. @throws with what it said instead */
export async function farrierServe(args: readonly string[], options: FarrierOptions = {}): Promise<ServingFarrier> {
  const started = farrierStart(args, options);
  try {
    const match = await waitFor(
      "the line `ready`",
      () => {
        const line = /^ready: agents on (\S+), operators on (\S+)$/mu.exec(started.stdout);
        return line ?? (started.running ? undefined : "ended");
      },
      { timeoutMs: 120_000, intervalMs: 10 },
    );
    if (match !== "ended") {
      return Object.assign(started, { agents: match[1] ?? "", operators: match[2] ?? "" });
    }
  } catch (error) {
    await started.end("SIGKILL");
    throw new Error(`farrier ${args.join(" ")} did not become ready; it said: ${started.stderr}`, { cause: error });
  }
  const { status, signal, stderr } = await started.ended;
  throw new Error(`farrier ${args.join(" ")} ended with ${status ?? signal} before it was ready: ${stderr}`);
}
