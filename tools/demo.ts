// `npm run demo`: the README's first run, automated, in a temporary directory on free ports. It exits with 0 only if
// the disk holds the image byte for byte and the control plane says installed. `npm run demo -- NAME` is
// tools/demo-NAME.ts.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { imageMake } from "./image-make.ts";
import { imageServe } from "./image-serve.ts";

const others: Record<string, () => Promise<unknown>> = {
  fleet: () => import("./demo-fleet.ts"),
  states: () => import("./demo-states.ts"),
  lab: () => import("./demo-lab.ts"),
  servers: () => import("./demo-servers.ts"),
  boot: () => import("./demo-boot.ts"),
  rollout: () => import("./demo-rollout.ts"),
};
const [, , named] = process.argv;
if (named !== undefined) {
  const other = others[named];
  if (other === undefined) {
    process.stderr.write(`there is no demo "${named}": expected ${Object.keys(others).join(", ")}, or nothing\n`);
    process.exit(2);
  }
  await other();
  process.exit();
}

const bin = fileURLToPath(new URL("../bin/farrier.js", import.meta.url));
const diskBytes = 48 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

await using stack = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), "farrier-demo-"));
stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
const dataDir = join(directory, "data");
const env = { ...process.env, FARRIER_DATA_DIR: dataDir };

function tell(text: string): void {
  process.stdout.write(`\n# ${text}\n`);
}

/** @param log file for its log lines; without it they are shown */
function start(args: string[], log?: string): ChildProcess {
  const stderr = log === undefined ? ("inherit" as const) : openSync(join(directory, log), "a");
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ["ignore", "pipe", stderr] });
  if (typeof stderr === "number") {
    closeSync(stderr);
  }
  stack.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
  });
  return child;
}

/** Shows a command and its output; resolves to the output. @throws {Error} if it fails */
async function farrier(...args: string[]): Promise<string> {
  process.stdout.write(`$ farrier ${args.join(" ").replaceAll(`${directory}/`, "")}\n`);
  const child = start(args);
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    process.stdout.write(chunk);
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) {
    throw new Error(`farrier ${args.join(" ")} ended with ${code}`);
  }
  return text.trim();
}

/** Waits for a line of a long-running process. @throws {Error} if the process ends first */
async function line(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    const match = pattern.exec(text);
    if (match !== null) {
      child.stdout?.resume();
      return match[0];
    }
  }
  const log = await readFile(join(directory, "up.log"), "utf8");
  throw new Error(`it ended without saying ${pattern}: ${text}${log}`);
}

/** True if `disk` begins with the whole of `image`, followed by zeros. */
async function isImageOn(disk: string, image: string): Promise<boolean> {
  await using written = await open(disk, "r");
  await using original = await open(image, "r");
  const [one, other] = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)];
  for (;;) {
    const { bytesRead } = await written.read(one, 0, pieceBytes, null);
    other.fill(0);
    await original.read(other, 0, pieceBytes, null);
    if (bytesRead === 0) {
      return true;
    }
    if (Buffer.compare(one.subarray(0, bytesRead), other.subarray(0, bytesRead)) !== 0) {
      return false;
    }
  }
}

tell("A control plane, on an embedded PostgreSQL, for this run only");
const up = start(["up", "--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--netboot", "127.0.0.1:0"], "up.log");
process.stdout.write(`${await line(up, /^ready: .*$/mu)}\n`);

tell("A file system image of real files, served over HTTP");
const image = await imageMake(join(directory, "image.raw"));
const served = stack.use(await imageServe(image.file, 0));
process.stdout.write(`${served.url}: ${image.bytes} bytes, ${image.digest}\n`);

tell("A machine, its agent's key, and the agent with one file for a disk");
const machine = await farrier("machine", "add", "--provider", "static", "--provider-id", "rack1-u1", "--name", "web1");
const init = join(directory, "web1.json");
await farrier("agent", "init", "web1", "--out", init);
const disks = join(directory, "disks");
await mkdir(disks);
await writeFile(join(disks, "disk0"), "");
await truncate(join(disks, "disk0"), diskBytes);
process.stdout.write("$ farrier agent run --init web1.json --file-disks disks &\n");
start(["agent", "run", "--init", init, "--file-disks", disks], "agent.log");

tell("The installation");
const source = ["--image", served.url, "--digest", image.digest];
await farrier("machine", "install", "web1", ...source, "--disk", "name=disk0", "--wait");

tell("What is on the disk, and what the control plane says");
if (!(await isImageOn(join(disks, "disk0"), image.file))) {
  throw new Error("the disk does not hold the image: an installation that was reported as a success was none");
}
process.stdout.write(`disk0 holds the ${image.bytes} bytes of the image, byte for byte, and nothing after them\n`);
const shown = await farrier("machine", "show", "web1");
if (!shown.includes(machine) || !/^installed +generation 1, /mu.test(shown)) {
  throw new Error("`farrier machine show` does not say that the machine is installed");
}
const told = await farrier("machine", "history", "web1");
if (!/installation_requested[^]*machine_added/u.test(told) || !told.includes("installation_succeeded")) {
  throw new Error("`farrier machine history` does not tell the story");
}
tell("Done");
