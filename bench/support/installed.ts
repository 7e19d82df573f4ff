import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** A command that ran to its end. */
export interface Timed {
  /** From its start to its end. */
  milliseconds: number;
  stdout: string;
}

/** A `farrier up` that serves. */
export interface Serving extends AsyncDisposable {
  /** From its start until it printed that it is ready. */
  milliseconds: number;
}

/** The built package, packed and installed by npm in its own project in a temporary directory. */
export interface Installed extends AsyncDisposable {
  directory: string;
  /** Runs `farrier ARGS…` as a shell would, without npx. @throws {Error} if its exit status is not 0 */
  farrier(args: readonly string[], dataDir: string): Promise<Timed>;
  /** Starts a long-running command. */
  start(args: readonly string[], dataDir: string): ChildProcess;
  /** Starts `farrier up` on free ports, and waits until it serves. */
  up(dataDir: string): Promise<Serving>;
}

/** Builds, packs and installs it. */
export async function installedPackage(): Promise<Installed> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "farrier-bench-"));
  stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", directory], { cwd: root });
  const project = join(directory, "project");
  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true }));
  const tarball = join(directory, stdout.trim().split("\n").at(-1) ?? "");
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", tarball], { cwd: project });
  const bin = join(project, "node_modules/.bin/farrier");
  // This process' Node, whatever the host has.
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`;
  const release = stack.move();
  const start: Installed["start"] = (args, dataDir) => {
    const env = { PATH, HOME: directory, FARRIER_DATA_DIR: dataDir, FARRIER_AGENT_HEARTBEAT_SECONDS: "1" };
    const child = spawn(bin, args, { cwd: directory, env, stdio: ["ignore", "pipe", "ignore"] });
    child.stdout.setEncoding("utf8");
    release.defer(async () => await end(child));
    return child;
  };
  return {
    directory,
    start,
    farrier: async (args, dataDir) => {
      const begun = performance.now();
      const child = start(args, dataDir);
      let text = "";
      child.stdout?.on("data", (chunk: string) => (text += chunk));
      const [code] = (await once(child, "close")) as [number | null];
      const milliseconds = performance.now() - begun;
      if (code !== 0) {
        throw new Error(`farrier ${args.join(" ")} ended with ${code}`);
      }
      return { milliseconds, stdout: text };
    },
    up: async (dataDir) => {
      const begun = performance.now();
      const anywhere = ["--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--netboot", "127.0.0.1:0"];
      const child = start(["up", ...anywhere], dataDir);
      let text = "";
      for await (const chunk of child.stdout ?? []) {
        text += String(chunk);
        if (/^ready: /mu.test(text)) {
          return {
            milliseconds: performance.now() - begun,
            [Symbol.asyncDispose]: async () => await end(child),
          };
        }
      }
      throw new Error("farrier up ended before it was ready");
    },
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}
