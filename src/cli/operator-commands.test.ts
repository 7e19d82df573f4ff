import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { waitFor } from "../../test/support/wait.ts";
import { controlPlaneStart, farrier, type TestControlPlane } from "./testing/processes.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const bin = fileURLToPath(new URL("../../bin/farrier.js", import.meta.url));
let directory: string;
let database: TestDatabase;
let plane: TestControlPlane;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-cli-"));
  database = await testDatabase({ leaks: "ignore" });
  plane = await controlPlaneStart(directory, database.url);
  await ok("machine", "add", "--provider", "static", "--provider-id", "a", "--name", "web1", "--label", "rack=b1");
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function ok(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await plane.run(...args);
  expect([status, stderr, args], stderr).toEqual([0, expect.any(String), args]);
  return stdout;
}

const digest = `sha256:${"0".repeat(64)}`;
const image = ["--image", "http://127.0.0.1:1/image", "--digest", digest, "--disk", "serial=disk1"];

test("machine update, quarantine, list --state, release, explain, watch, delete", async () => {
  await ok("machine", "add", "--provider", "static", "--provider-id", "b", "--name", "old");
  await ok("machine", "update", "old", "--name", "db1", "--label", "a=b", "--label", "c=d");
  await ok("machine", "update", "db1", "--remove-label", "a");
  expect(await ok("machine", "show", "db1")).toMatch(/^labels +c=d$/mu);
  expect(await ok("machine", "quarantine", "db1", "--reason", "smoke")).toMatch(/quarantined\n$/u);
  expect(await ok("machine", "list", "--state", "quarantined", "--output", "name")).toBe("db1\n");
  expect(await ok("machine", "explain", "db1")).toMatch(/quarantined[\s\S]*smoke/u);
  await using watching = plane.start("machine", "watch");
  await using listing = plane.start("machine", "list", "--watch", "--search", "db", "--output", "yaml");
  await waitFor("the list", () => listing.stdout().includes("MACHINE_STATE_QUARANTINED"));
  expect(await ok("machine", "release", "db1")).toMatch(/released\n$/u);
  await waitFor(
    "the change in the list",
    () => listing.stdout().includes("---\n") && listing.stdout().includes("STATE_NEW"),
  );
  await waitFor("the change", async () => {
    // The watch may begin only after the change: then the next one is told.
    await ok("machine", "update", "db1", "--label", `n=x${Date.now()}`);
    return watching.stdout().includes("Z db1 new");
  });
  await ok("machine", "delete", "db1");
  await waitFor("the deletion", () => watching.stdout().includes(" deleted\n"));
  expect((await plane.run("machine", "update", "web1")).status).toBe(2);
  const wrong = await plane.run("machine", "list", "--state", "lost");
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringMatching(/--state "lost": expected one of new, /u)]);
});

test("an id's beginning is good wherever the id is; --output is what it says", async () => {
  const { id } = (JSON.parse(await ok("machine", "show", "web1", "--output", "json")) as { machine: { id: string } })
    .machine;
  expect(await ok("machine", "show", id.slice(0, 8), "--output", "name")).toBe("web1\n");
  expect(await ok("machine", "show", "web1", "--output", "yaml")).toMatch(
    new RegExp(`^machine:\n  id: "${id}"\n`, "u"),
  );
  expect(await ok("machine", "list", "--output", "wide")).toMatch(/NEXT STEP\n/u);
  expect((await plane.run("machine", "list", "--json", "--output", "yaml")).status).toBe(2);
});

test("install --dry-run asks for nothing; an interrupted --wait says that it goes on; then cancel and retry", async () => {
  expect(await ok("machine", "install", "web1", ...image, "--dry-run")).toMatch(/^web1: would be requested/u);
  expect(await ok("machine", "show", "web1")).toMatch(/^request +none$/mu);
  await using waiting = plane.start("machine", "install", "web1", ...image, "--wait", "--retry-attempts", "2");
  await waitFor("the request", () => waiting.stderr().includes("waiting for the agent"));
  waiting.child.kill("SIGINT");
  const { status, stderr } = await waiting.finished;
  expect([status, stderr]).toEqual([
    130,
    expect.stringMatching(/go on: `farrier machine show web1` shows them, `farrier machine cancel web1` stops it/u),
  ]);
  expect(await ok("installation", "list", "--state", "pending")).toMatch(/^web1 +1 +pending/mu);
  await ok("machine", "cancel", "web1");
  expect(await ok("machine", "retry", "web1", "--generation", "1")).toMatch(/generation 2 requested\n$/u);
  await ok("machine", "cancel", "web1");
});

test("fleet, session, work, backoff and hardware", async () => {
  expect(await ok("fleet", "summary")).toMatch(/^machines +all +1$/mu);
  expect(await ok("session", "list")).toMatch(/ server +ok /u);
  expect(await ok("work", "list")).toBe("");
  expect(await ok("backoff", "list", "--all")).toBe("");
  expect((await plane.run("backoff", "clear", "web1")).status).toBe(1);
  expect(await ok("hardware", "list", "web1")).toBe("");
  expect((await plane.run("hardware", "show", "web1")).status).toBe(1);
  expect((await plane.run("hardware", "diff", "web1")).status).toBe(1);
});

test("a token is made, used by a context, and revoked; the audit has it all", async () => {
  const home = join(directory, "home");
  await mkdir(home);
  const secret = (await ok("token", "create", "alice", "--role", "viewer", "--expires", "1d")).trim();
  expect(await ok("token", "list")).toMatch(/^alice +viewer +frr_\S+ +ok/mu);
  const run = promisify(execFile);
  const env = { PATH: process.env["PATH"], HOME: home };
  const add = run(
    process.execPath,
    [bin, "context", "add", "lab", "--url", plane.operators, "--token-stdin", "--use"],
    { env },
  );
  add.child.stdin?.end(`${secret}\n`);
  await add;
  const path = join(home, ".config/farrier/contexts.json");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).toContain(secret);
  expect((await farrier(["whoami"], { HOME: home })).stdout).toMatch(/^alice, viewer, by a token/u);
  expect((await farrier(["context", "show"], { HOME: home })).stdout).not.toContain(secret);
  expect((await farrier(["context", "list"], { HOME: home })).stdout).toMatch(/^\* +lab /mu);
  const unknown = await farrier(["whoami", "--context", "x"], { HOME: home });
  expect([unknown.status, unknown.stderr]).toEqual([
    2,
    expect.stringMatching(/there is no context "x": there are lab/u),
  ]);
  expect((await farrier(["machine", "delete", "web1"], { HOME: home })).status).toBe(4);
  await ok("token", "revoke", "alice");
  await waitFor("the end of the token", async () => (await farrier(["whoami"], { HOME: home })).status === 4);
  expect((await farrier(["context", "remove", "lab"], { HOME: home })).status).toBe(0);
  expect(await ok("audit", "list", "--actor", "alice")).toMatch(/alice +MachineDelete +web1 .*permission_denied/u);
});

test("console starts a browser on a file that leads to the link; the code is in no argument and no output", async () => {
  const runtime = join(directory, "runtime");
  const [browser, seen] = [join(directory, "browser"), join(directory, "seen")];
  await mkdir(runtime, { mode: 0o700 });
  await writeFile(browser, '#!/bin/sh\nstat -c %a "$2" > "$1.mode"; echo "$@" > "$1.args"; cp "$2" "$1"\n', {
    mode: 0o755,
  });
  const env = { FARRIER_DATA_DIR: plane.dataDir, XDG_RUNTIME_DIR: runtime, BROWSER: `${browser} ${seen}` };
  const { status, stdout, stderr } = await farrier(["console"], env);
  expect([status, stdout, stderr]).toEqual([0, `${plane.operators}/console/ opens in the browser\n`, ""]);
  const link = /url=(?<link>[^"]+)/u.exec(await readFile(seen, "utf8"))?.groups?.["link"] ?? "";
  const [page, code = ""] = link.split("#code=");
  expect(page).toBe(`${plane.operators}/console/`);
  expect(await readFile(`${seen}.mode`, "utf8")).toBe("600\n");
  expect(await readFile(`${seen}.args`, "utf8")).toContain(`${runtime}/farrier/console-`);
  expect(await readFile(`${seen}.args`, "utf8")).not.toContain(code);

  const start = `${plane.operators}/farrier.operator.v1.ConsoleService/ConsoleSessionStart`;
  const headers = { "content-type": "application/json" };
  const response = await fetch(start, { method: "POST", headers, body: JSON.stringify({ linkCode: code }) });
  expect(response.status).toBe(200);
  const { session } = (await response.json()) as { session: { id: string } };
  expect(await ok("console-session", "list")).toMatch(new RegExp(`^${session.id} +token +admin `, "mu"));
  expect(await ok("console-session", "end", session.id)).toBe(`console session ${session.id} ended\n`);
  expect(await ok("console-session", "list")).toBe("");
  expect(await ok("audit", "list")).toMatch(/ConsoleSessionEnd[^]*ConsoleSessionStart[^]*ConsoleLinkCreate/u);

  const without = await farrier(["console"], { ...env, BROWSER: "/does/not/exist" });
  expect([without.status, without.stdout]).toEqual([1, ""]);
  expect(without.stderr).toMatch(/printed only on a terminal/u);
});

test("bash completes commands, flags and machines' names", async () => {
  const bins = join(directory, "bin");
  await mkdir(bins);
  await symlink(bin, join(bins, "farrier"));
  const program = `
    source <(farrier completion bash); complete -p farrier
    try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _farrier; echo "\${COMPREPLY[*]}"; }
    try farrier mach; try farrier machine li; try farrier machine list --sta; try farrier machine show we`;
  const env = { PATH: `${bins}:${process.env["PATH"]}`, HOME: directory, FARRIER_DATA_DIR: plane.dataDir };
  const { stdout } = await promisify(execFile)("bash", ["-c", program], { env });
  expect(stdout.split("\n")).toEqual([
    expect.stringMatching(/_farrier farrier$/u),
    "machine",
    "list",
    "--state",
    "web1",
    "",
  ]);
});

test("machine log --follow shows what an agent logs, to its last words", async () => {
  const [init, disks] = [join(directory, "agent-init.json"), join(directory, "disks")];
  await mkdir(disks);
  await writeFile(join(disks, "disk1"), Buffer.alloc(1 << 20));
  await ok("machine", "add", "--provider", "static", "--provider-id", "log", "--name", "chatty");
  expect(await ok("machine", "log", "chatty")).toBe("");
  expect((await plane.run("machine", "log", "nobody")).status).toBe(1);
  await ok("agent", "init", "chatty", "--out", init);
  await using agent = plane.start("agent", "run", "--init", init, "--file-disks", disks);
  await using following = plane.start("machine", "log", "chatty", "--follow");
  await waitFor("the first lines", () => /Z info {2}agent started /u.test(following.stdout()));
  const hardware = await ok("hardware", "show", "chatty");
  expect(hardware).toMatch(/^processors +\d+ × /mu);
  expect(hardware).toMatch(/^disk1 +1\.05 MB .* serial=disk1$/mu);
  expect(await ok("hardware", "show", "chatty", "--output", "yaml")).toMatch(/^disks:\n(?:.*\n)*.*- "serial=disk1"/mu);
  agent.child.kill("SIGTERM");
  await agent.finished;
  await waitFor("the last words", () => following.stdout().includes("Z info  agent stopping\n"));
  expect(await ok("machine", "log", "chatty", "--lines", "1")).toMatch(/^\S+ info {2}agent stopping\n$/u);
  expect(JSON.parse(await ok("machine", "log", "chatty", "--lines", "1", "--output", "json"))).toMatchObject({
    lines: [{ level: "LOG_LEVEL_INFO", text: "agent stopping" }],
  });
});
