// `npm run demo -- fleet`: a simulated fleet of 200 machines with all faults, against its own control plane in a
// temporary directory on free ports. It exits with 0 only if nothing was lost and nothing was done twice.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { farrierServe } from "../test/support/farrier-process.ts";

const bin = fileURLToPath(new URL("../bin/farrier.js", import.meta.url));
const fleet = ["--agents", "200", "--interval", "5", "--seed", "demo"];
const trouble = ["--faults", "all", "--installs", "400", "--duration", "20"];

await using stack = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), "farrier-demo-"));
stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
const env = { ...process.env, FARRIER_DATA_DIR: join(directory, "data") };

function tell(text: string): void {
  process.stdout.write(`\n# ${text}\n`);
}

/** Shows a command and its output; resolves to its exit status. */
async function farrier(...args: string[]): Promise<number | null> {
  process.stdout.write(`$ farrier ${args.join(" ")}\n`);
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: "inherit" });
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

tell("A control plane, on an embedded PostgreSQL, for this run only");
const up = await farrierServe(
  ["up", "--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--netboot", "127.0.0.1:0"],
  { env },
);
stack.defer(async () => void (await up.end("SIGTERM")));
process.stdout.write(`ready: agents on ${up.agents}, operators on ${up.operators}\n`);

tell("200 made-up machines, each with its key and its connection; requests, cancellations, and every fault there is");
const simulated = await farrier("simulate", ...fleet, ...trouble);

tell("What the control plane says of one of them");
const installed = ["machine", "list", "--state", "installed", "--limit", "1", "--output", "name"];
const { stdout: name } = await promisify(execFile)(process.execPath, [bin, ...installed], { env });
await farrier("machine", "show", name.trim());
await farrier("machine", "history", name.trim());

tell(
  simulated === 0
    ? "Each request was heard of, each came to its one end, none was begun after it"
    : "Something was lost or done twice: see the violations above",
);
process.exitCode = simulated ?? 1;
