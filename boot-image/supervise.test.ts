import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../test/support/wait.ts";

// The image's script, run by this host's shell, with an agent and a reboot command that only record their calls.
const script = fileURLToPath(new URL("files/supervise.sh", import.meta.url));

let folder: string;
let output: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-supervise-"));
  output = "";
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function program(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Runs it until it ends by itself, which is when the machine would be rebooted, or until the test stops it. */
async function supervise(
  agent: string,
  env: Record<string, string> = {},
): Promise<AsyncDisposable & { code: Promise<number> }> {
  const child = spawn("sh", [script], {
    detached: true,
    env: {
      ...process.env,
      FARRIER_RUN: folder,
      FARRIER_WATCHDOG: join(folder, "none"),
      FARRIER_AGENT: await program("agent", agent),
      FARRIER_REBOOT: await program("reboot", `echo restarted >> ${folder}/reboots`),
      FARRIER_POLL: "0.05",
      FARRIER_DELAY: "0",
      FARRIER_DEATHS: "3",
      ...env,
    },
    // A shell prints there which process it killed.
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = once(child, "close").then(([status]) => status as number);
  return {
    code,
    [Symbol.asyncDispose]: async () => {
      try {
        // The process group, including the agent.
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        // It has ended.
      }
      await code;
    },
  };
}

const noted = (name: string): Promise<string> => readFile(join(folder, name), "utf8").catch(() => "");

test("an agent that dies is started again; if the agent keeps dying, the machine restarts", async () => {
  await using supervised = await supervise(`echo run >> ${folder}/runs; exit 7`);
  expect(await supervised.code).toBe(1);
  expect(await noted("runs")).toBe("run\n".repeat(3));
  expect(await noted("reboots")).toBe("restarted\n");
  // However short it ran: the clock's second may change meanwhile.
  expect(output).toMatch(/^farrier-supervise: the agent ended with status 7 after [01] s \(2 in a row\)$/mu);
  expect(output).toContain("the agent can't be kept up: restarting the machine");
});

test("an agent that ran for long enough begins a new count", async () => {
  await using supervised = await supervise(`echo run >> ${folder}/runs; exit 1`, { FARRIER_GOOD_RUN: "0" });
  await waitFor("more runs than deaths are allowed", async () => (await noted("runs")).length > "run\n".length * 5);
  expect(await noted("reboots")).toBe("");
  void supervised.code;
});

test("an agent that stops counting up is killed; an agent that counts up lives on", async () => {
  const silent = `echo run >> ${folder}/runs; exec sleep 1000`;
  await using supervised = await supervise(silent, { FARRIER_SILENCE: "1", FARRIER_DEATHS: "2" });
  expect(await supervised.code).toBe(1);
  expect(output).toContain("the agent has done nothing for 1 s: killing it");
  expect(await noted("runs")).toBe("run\n".repeat(2));
  output = "";
  const counting = `i=0; while :; do i=$((i + 1)); echo $i > ${folder}/alive; echo $i > ${folder}/count; sleep 0.2; done`;
  await using living = await supervise(counting, { FARRIER_SILENCE: "4" });
  await waitFor("a count beyond the time of silence", async () => Number(await noted("count")) >= 30);
  expect(output).not.toContain("killing it");
  void living.code;
});

test("the image's scripts are ones that a shell can read", async () => {
  const files = await readdir(new URL("files/", import.meta.url));
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    const { stderr } = await promisify(execFile)("sh", [
      "-n",
      fileURLToPath(new URL(`files/${file}`, import.meta.url)),
    ]);
    expect(stderr).toBe("");
  }
});
