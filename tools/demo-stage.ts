// What demonstrations with lab machines share: a control plane of their own in a temporary directory, on free ports.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { untilStopped } from "../src/main/parts/until-stopped.ts";
import { freePort } from "../test/support/free-port.ts";

const bin = fileURLToPath(new URL("../bin/farrier.js", import.meta.url));
/** Milliseconds: an emulated Debian boots in two minutes on an idle host. */
const patience = 1_200_000;

/** Where a demonstration takes place. Disposing takes away all that it started. */
export interface DemoStage extends AsyncDisposable {
  readonly directory: string;
  readonly dataDir: string;
  /** Shows a heading, with the seconds so far. */
  readonly tell: (text: string) => void;
  /** Shows a command and its output; resolves to the output. @throws {Error} if it fails */
  readonly farrier: (...args: string[]) => Promise<string>;
  /** The same without showing it. */
  readonly quietly: (...args: string[]) => Promise<string>;
  /** Starts the control plane, and shows its line `ready`. Again, it has the same ports. */
  readonly up: (...flags: string[]) => Promise<void>;
  /** Kills the control plane: its server, its shepherd and all else of it. */
  readonly upKill: () => Promise<void>;
  /** Starts a command that goes on; its output goes to NAME.log in the directory. It is ended with the stage. */
  readonly start: (name: string, ...args: string[]) => ChildProcess;
  /** The control plane's log. */
  readonly log: () => Promise<string>;
  /** Waits for a state. @throws {Error} after 20 minutes, with the end of that machine's console */
  readonly until: (what: string, machine: string, check: () => Promise<boolean>) => Promise<void>;
  /** The machine's own console. */
  readonly console: (machine: string) => Promise<string>;
  /** Waits for a text on the machine's console, after its first `after` characters, and shows its line. */
  readonly says: (machine: string, text: string, after: number) => Promise<void>;
  /** The events of the machine's history, newest first. */
  readonly story: (machine: string) => Promise<string[]>;
}

/** @param name of the demonstration, for its directory */
export async function demoStage(name: string): Promise<DemoStage> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), `farrier-demo-${name}-`));
  stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const dataDir = join(directory, "data");
  const env = { ...process.env, FARRIER_DATA_DIR: dataDir };
  const begun = performance.now();
  // Told to end, whatever is waited for fails, and all that was started is taken away: QEMU outlives its starter.
  const stop = new AbortController();
  void untilStopped().then((signal) => stop.abort(new Error(`the demonstration was told to end by ${signal}`)));

  async function run(args: string[], shown: (chunk: string) => void, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const child = spawn(process.execPath, [bin, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    const abort = (): void => void child.kill("SIGTERM");
    signal.addEventListener("abort", abort, { once: true });
    let [text, told] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      shown(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      told += chunk;
      shown(chunk);
    });
    const [code] = (await once(child, "close")) as [number | null];
    signal.removeEventListener("abort", abort);
    signal.throwIfAborted();
    if (code !== 0) {
      throw new Error(`farrier ${args.join(" ")} ended with ${code}: ${told}${text}`);
    }
    return text;
  }

  const silently = (): void => undefined;
  const quietly = (...args: string[]): Promise<string> => run(args, silently, stop.signal);
  const plainly = (text: string): string => text.replaceAll(`${directory}/`, "");
  const consoleOf = (machine: string): Promise<string> => quietly("lab", "console", machine);

  const until: DemoStage["until"] = async (what, machine, check) => {
    const deadline = performance.now() + patience;
    while (!(await check())) {
      stop.signal.throwIfAborted();
      if (performance.now() > deadline) {
        const end = (await consoleOf(machine)).slice(-3000);
        throw new Error(`waited ${patience / 1000} s for ${what}. The console's end:\n${end}`);
      }
      await sleep(1000);
    }
  };

  const log = (): Promise<string> => readFile(join(directory, "up.log"), "utf8");

  const ports: string[] = [];
  let control: ChildProcess | undefined;

  async function up(...flags: string[]): Promise<void> {
    const isFirst = ports.length === 0;
    if (isFirst) {
      for (const listener of ["agents", "operators", "netboot"]) {
        ports.push(`--${listener}`, `127.0.0.1:${await freePort()}`);
      }
      released.defer(async () => await ended(control));
    }
    const stderr = openSync(join(directory, "up.log"), "a");
    const child = spawn(process.execPath, [bin, "up", ...ports, ...flags], { env, stdio: ["ignore", "pipe", stderr] });
    closeSync(stderr);
    control = child;
    let said = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    const deadline = performance.now() + patience;
    while (!said.includes("ready: ")) {
      stop.signal.throwIfAborted();
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`farrier up did not become ready: ${await log()}`);
      }
      await sleep(100);
    }
    process.stdout.write(said);
    if (isFirst) {
      // While the control plane runs: its machines are deleted too.
      released.defer(async () => void (await run(["lab", "down"], silently, new AbortController().signal)));
    }
  }

  async function upKill(): Promise<void> {
    await ended(control, "SIGKILL");
  }

  function start(title: string, ...args: string[]): ChildProcess {
    process.stdout.write(`$ farrier ${plainly(args.join(" "))} &\n`);
    const output = openSync(join(directory, `${title}.log`), "a");
    const child = spawn(process.execPath, [bin, ...args], { env, stdio: ["ignore", output, output] });
    closeSync(output);
    released.defer(async () => await ended(child));
    return child;
  }

  const released = stack.move();
  return {
    directory,
    dataDir,
    quietly,
    up,
    upKill,
    start,
    log,
    until,
    console: consoleOf,
    tell: (text) => {
      process.stdout.write(`\n# ${text} (${Math.round((performance.now() - begun) / 1000)} s)\n`);
    },
    farrier: async (...args) => {
      const words = plainly(args.join(" ")).replace(/(sha256:[0-9a-f]{8})[0-9a-f]+/u, "$1…");
      process.stdout.write(`$ farrier ${words}\n`);
      const text = await run(args, (chunk) => void process.stdout.write(plainly(chunk)), stop.signal);
      return text.trim();
    },
    says: async (machine, text, after) => {
      await until(`"${text}" on the console`, machine, async () =>
        (await consoleOf(machine)).slice(after).includes(text),
      );
      const lines = (await consoleOf(machine)).slice(after).split("\n");
      process.stdout.write(`| ${lines.find((line) => line.includes(text))?.trim() ?? ""}\n`);
    },
    story: async (machine) => {
      const text = await quietly("machine", "history", machine);
      return text.split("\n").flatMap((line) => /\s(?<event>[a-z]+_[a-z_]+)\s/u.exec(line)?.groups?.["event"] ?? []);
    },
    [Symbol.asyncDispose]: async () => await released.disposeAsync(),
  };
}

async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }
}
