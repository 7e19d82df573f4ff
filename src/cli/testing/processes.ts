import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../test/support/free-port.ts";
import { waitFor } from "../../../test/support/wait.ts";

const bin = fileURLToPath(new URL("../../../bin/farrier.js", import.meta.url));

/** What a command printed, and its exit status. */
export interface Finished {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A running command. Disposing of it kills it. */
export interface Running extends AsyncDisposable {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  finished: Promise<Finished>;
}

/** Starts `farrier` as a user would; no variable of the caller's points it anywhere. */
export function farrierStart(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const finished = once(child, "close").then(([status]) => ({ status: status as number | null, stdout, stderr }));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    finished,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
      }
      await finished;
    },
  };
}

/** Runs `farrier` to its end. */
export async function farrier(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  return farrierStart(args, env).finished;
}

/** A control plane in a process of its own, on a test database. */
export interface TestControlPlane extends AsyncDisposable {
  dataDir: string;
  /** The operator API's URL. */
  operators: string;
  /** Runs a command against it. */
  run(...args: string[]): Promise<Finished>;
  start(...args: string[]): Running;
  /** Kills it, and starts it again on the same ports. */
  restart(between: () => Promise<void>): Promise<void>;
}

/** Starts `farrier up` on free ports. */
export async function controlPlaneStart(directory: string, databaseUrl: string): Promise<TestControlPlane> {
  const dataDir = join(directory, "data");
  const env = { FARRIER_DATA_DIR: dataDir };
  const up = async (agents: string, operators: string): Promise<[Running, string, string]> => {
    const running = farrierStart(
      ["up", "--agents", agents, "--operators", operators, "--netboot", "off", "--database-url", databaseUrl],
      env,
    );
    try {
      const match = await waitFor(
        "the line `ready`",
        () => {
          const line = /^ready: agents on (?<agents>\S+), operators on (?<operators>\S+)$/mu.exec(running.stdout());
          return line ?? (running.child.exitCode === null ? undefined : "ended");
        },
        // On a busy machine most of it is waiting for a processor.
        { timeoutMs: 60_000 },
      );
      if (match !== "ended") {
        return [running, match.groups?.["agents"] ?? "", match.groups?.["operators"] ?? ""];
      }
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
    throw new Error(`farrier up ended: ${running.stderr()}`);
  };
  let [running, agents, operators] = await up(`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`);
  return {
    dataDir,
    operators,
    run: (...args) => farrier(args, env),
    start: (...args) => farrierStart(args, env),
    restart: async (between) => {
      await running[Symbol.asyncDispose]();
      await between();
      [running, agents, operators] = await up(agents, operators.replace("http://", ""));
    },
    [Symbol.asyncDispose]: async () => {
      running.child.kill("SIGTERM");
      const { status, stderr } = await running.finished;
      if (status !== 0) {
        throw new Error(`farrier up ended with ${status}: ${stderr}`);
      }
    },
  };
}
