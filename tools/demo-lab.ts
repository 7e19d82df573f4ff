// `npm run demo -- lab [--image debian|tiny] [--built FILE]`: from an empty machine that can only boot from the network
// to an operating system that prints its login prompt and a file that cloud-init wrote; then a power cycle, after which
// nothing is installed again. Everything is in a temporary directory and on free ports; fetched Debian packages stay in
// the user's cache. `--built` uses an image that `farrier image build` made before.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { untilStopped } from "../src/main/parts/until-stopped.ts";
import { imageServe } from "./image-serve.ts";

const bin = fileURLToPath(new URL("../bin/farrier.js", import.meta.url));
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { image: { type: "string", default: "debian" }, built: { type: "string" } },
});
if (values.image !== "debian" && values.image !== "tiny") {
  process.stderr.write(`there is no image "${values.image}": expected --image debian or --image tiny\n`);
  process.exit(2);
}
const isDebian = values.image === "debian";
/** Milliseconds: an emulated Debian boots in two minutes on an idle host. */
const patience = 1_200_000;

await using stack = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), "farrier-demo-lab-"));
stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
const dataDir = join(directory, "data");
const env = { ...process.env, FARRIER_DATA_DIR: dataDir };
const begun = performance.now();
// Told to end, whatever is waited for fails, and all that was started is taken away: QEMU outlives its starter.
const stop = new AbortController();
void untilStopped().then((signal) => stop.abort(new Error(`the demonstration was told to end by ${signal}`)));

function tell(text: string): void {
  process.stdout.write(`\n# ${text} (${Math.round((performance.now() - begun) / 1000)} s)\n`);
}

/** Starts a long-running process; its log goes to that file. */
function start(args: string[], log: string): ChildProcess {
  const stderr = openSync(join(directory, log), "a");
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ["ignore", "pipe", stderr] });
  closeSync(stderr);
  return child;
}

/** Shows a command and its output; resolves to the output. @throws {Error} if it fails */
async function farrier(...args: string[]): Promise<string> {
  process.stdout.write(`$ farrier ${args.join(" ").replaceAll(`${directory}/`, "")}\n`);
  const text = await quietly(args, (chunk) => process.stdout.write(chunk));
  return text.trim();
}

async function quietly(
  args: string[],
  shown: (chunk: string) => void = () => undefined,
  signal: AbortSignal = stop.signal,
): Promise<string> {
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

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await check())) {
    stop.signal.throwIfAborted();
    if (performance.now() > deadline) {
      throw new Error(
        `waited ${patience / 1000} s for ${what}. The console's end:\n${(await consoleText()).slice(-3000)}`,
      );
    }
    await sleep(1000);
  }
}

const consoleText = (): Promise<string> => quietly(["lab", "console", "lab-1"]);

/** Waits for a text on the machine's own console, after its first `after` characters, and shows its line. */
async function says(text: string, after: number): Promise<void> {
  await until(`"${text}" on the console`, async () => (await consoleText()).slice(after).includes(text));
  const lines = (await consoleText()).slice(after).split("\n");
  process.stdout.write(`| ${lines.find((line) => line.includes(text))?.trim() ?? ""}\n`);
}

async function story(): Promise<string[]> {
  const text = await quietly(["machine", "history", "lab-1"]);
  return text.split("\n").flatMap((line) => /\s(?<event>[a-z]+_[a-z_]+)\s/u.exec(line)?.groups?.["event"] ?? []);
}

async function bootsFromNetwork(): Promise<number> {
  return (await readFile(join(directory, "up.log"), "utf8")).split("a machine boots from the network").length - 1;
}

tell("What agents run in, made of Debian's packages");
await farrier("boot-image", "build", "--drivers", "lab");

tell("A control plane, on an embedded PostgreSQL, for this run only");
const up = start(["up", "--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--netboot", "127.0.0.1:0"], "up.log");
let said = "";
up.stdout?.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
stack.defer(async () => {
  if (up.exitCode === null && up.signalCode === null) {
    const ended = once(up, "exit");
    up.kill("SIGTERM");
    await ended;
  }
});
await until("the control plane", async () => {
  if (up.exitCode !== null) {
    throw new Error(`farrier up ended with ${up.exitCode}: ${await readFile(join(directory, "up.log"), "utf8")}`);
  }
  return said.includes("ready: ");
});
process.stdout.write(said);

tell("An empty machine: it knows nothing but how to boot from the network");
stack.defer(async () => void (await quietly(["lab", "down"], undefined, new AbortController().signal)));
await farrier("lab", "up", "--machines", "1");
await until("its agent", async () => (await story().catch((): string[] => [])).includes("agent_enrolled"));
await farrier("machine", "list");
await until("its hardware report", async () => (await story()).includes("hardware_reported"));
await farrier("hardware", "show", "lab-1");

const image = values.built ?? join(directory, `${values.image}.raw.zst`);
if (values.built === undefined) {
  tell(isDebian ? "A Debian to install, made of Debian's packages (a minute or two)" : "A tiny system to install");
  await farrier("image", "build", values.image, "--out", image);
}
const digest = (await readFile(`${image}.sha256`, "utf8")).trim().split(/\s/u)[0] ?? "";
const served = stack.use(await imageServe(image, 0));
const url = served.url.replace("127.0.0.1", "10.0.2.2");

/** User data that a Debian's cloud-init writes to a file and shows, and that the tiny system shows unchanged. */
async function seedWrite(word: string): Promise<string> {
  const file = join(directory, `user-data-${word}`);
  const lines = [
    "#cloud-config",
    `# this is the ${word} installation`,
    "write_files:",
    "  - path: /etc/farrier-demo",
    `    content: "cloud-init wrote this file in the ${word} installation\\n"`,
    // Its power is cut once this is read.
    "runcmd:",
    "  - [sh, -c, 'sync; echo; cat /etc/farrier-demo > /dev/ttyS0']",
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

const sign = (word: string): string =>
  isDebian ? `cloud-init wrote this file in the ${word} installation` : `this is the ${word} installation`;

async function install(word: string): Promise<void> {
  const after = (await consoleText()).length;
  const source = ["--image", url, "--digest", digest, "--disk", "min=1G"];
  const more = isDebian ? ["--grow"] : [];
  await farrier("machine", "install", "lab-1", ...source, ...more, "--user-data", await seedWrite(word), "--wait");
  if (isDebian) {
    await says("login:", after);
  }
  await says(sign(word), after);
}

tell("The first installation");
await install("first");
await farrier("machine", "show", "lab-1");

tell("A power cycle: it boots from its own disk, and nothing is installed");
const [before, asked, after] = [await story(), await bootsFromNetwork(), (await consoleText()).length];
await farrier("lab", "power", "lab-1", "off");
await farrier("lab", "power", "lab-1", "on");
// A Debian does not repeat its first boot's commands.
await says(isDebian ? "login:" : sign("first"), after);
if ((await story()).length !== before.length || (await bootsFromNetwork()) !== asked) {
  throw new Error(`the power cycle came to more than a boot from the disk: ${(await story()).join(", ")}`);
}

tell("The second installation: once, and by the power switch; its agent left a while ago");
await install("second");
await farrier("machine", "history", "lab-1");
const events = await story();
const count = (event: string): number => events.filter((one) => one === event).length;
if (count("installation_succeeded") !== 2 || count("installation_requested") !== 2) {
  throw new Error("there were not two installations, one for each request");
}
tell("Done");
