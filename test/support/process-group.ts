import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { errorCode } from "../../src/lib/errors.ts";
import { waitFor } from "./wait.ts";
import { withParent } from "./with-parent.ts";

/** A shell command with all that it starts. Disposing of it ends them all. */
export interface ProcessGroup extends AsyncDisposable {
  /** What it has said so far, stdout and stderr together. */
  readonly output: string;
  /** Resolves to the shell's exit status. */
  readonly ended: Promise<number | null>;
  readonly running: boolean;
  /** Signals the shell alone, or what it became by `exec`. */
  signal(signal: NodeJS.Signals): void;
}

/** Starts a bash script in a process group of its own. */
export function processGroup(script: string, options: { cwd: string; env?: Record<string, string> }): ProcessGroup {
  const [program, ...args] = withParent(["bash", "-euo", "pipefail", "-c", script]);
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  // "exit": what runs on in the background keeps the pipes open.
  const ended = once(child, "exit").then(() => child.exitCode);
  return {
    get output() {
      return output;
    },
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    ended,
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => await end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  try {
    signalGroup(child, "SIGTERM");
    await waitFor("the processes of the group to end", () => !signalGroup(child, 0), { timeoutMs: 60_000 });
  } finally {
    signalGroup(child, "SIGKILL");
  }
}

/** False where nothing of the group is there any more. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) {
    return false;
  }
  try {
    return process.kill(-child.pid, signal);
  } catch (error) {
    if (errorCode(error) === "ESRCH") {
      return false;
    }
    throw error;
  }
}
