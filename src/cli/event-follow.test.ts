import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { waitFor } from "../../test/support/wait.ts";
import { controlPlaneStart, type Running, type TestControlPlane } from "./testing/processes.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const bin = fileURLToPath(new URL("../../bin/farrier.js", import.meta.url));
let directory: string;
let database: TestDatabase;
let plane: TestControlPlane;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-follow-"));
  database = await testDatabase({ leaks: "ignore" });
  plane = await controlPlaneStart(directory, database.url);
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

interface Line {
  id: string;
  type: string;
  cursor: string;
  data: { machine?: string };
}

const add = async (name: string): Promise<void> => {
  const { status, stderr } = await plane.run(
    ...["machine", "add", "--provider", "static", "--provider-id", name, "--name", name],
  );
  expect([status, stderr]).toEqual([0, ""]);
};
const linesOf = ({ stdout }: Running): Line[] =>
  stdout()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
const added = (following: Running): (string | undefined)[] =>
  linesOf(following)
    .filter(({ type }) => type === "farrier.machine_added")
    .map(({ data }) => data.machine);
const follow = (...args: string[]): Running =>
  plane.start("event", "follow", "--events", "machine_added", "--json", ...args);

test.each([
  [["--since", "x y"], '--since "x y": expected the cursor of an earlier event'],
  [["--events", "no_such_kind"], '--events "no_such_kind": expected the kind of an event'],
])("a refusal of %j names the flag", async (flags, message) => {
  const { status, stderr } = await plane.run("event", "follow", ...flags);
  expect(status).toBe(2);
  expect(stderr).toContain(`farrier: ${message}`);
});

test("a refusal of a profile's file names the file and its fields", async () => {
  const file = join(directory, "web.yaml");
  const text =
    'name: web\nimage: x\ndisk: min=1G\nuser: "root;rm"\nssh_keys: [foo]\nexpect: { came_up: true, within: 99d }\n';
  await writeFile(file, text);
  const { status, stderr } = await plane.run("profile", "apply", "-f", file);
  expect(status).toBe(2);
  expect(stderr).toContain(`farrier: -f ${file}: `);
  expect(stderr).not.toMatch(/--(?:user|ssh-keys?|within-seconds)/u);
  expect(stderr).toMatch(/expect\.within: |ssh_keys "foo": |user "root;rm": /u);
});

test("events follow each other over a restart of the server, each once; an interrupt ends it by its signal", async () => {
  await add("f1");
  await using following = follow("--since", "start");
  await waitFor("the first event", () => added(following).length === 1);
  await plane.restart(async () => undefined);
  await add("f2");
  await waitFor("the event after the restart", () => added(following).length === 2);
  expect(added(following)).toEqual(["f1", "f2"]);
  expect(following.stderr()).toMatch(/can't be reached .*; still trying\n/u);

  const [first] = linesOf(following);
  await using later = follow("--since", first?.cursor ?? "");
  await waitFor("what comes after the cursor", () => added(later).length > 0);
  await add("f3");
  await waitFor("the next one for both", () => added(later).length === 2 && added(following).length === 3);
  expect([added(later), added(following)]).toEqual([
    ["f2", "f3"],
    ["f1", "f2", "f3"],
  ]);

  for (const one of [following, later]) {
    one.child.kill("SIGINT");
    expect(await one.finished).toMatchObject({ status: null, stdout: one.stdout() });
    // A shell reports it as 130.
    expect(one.child.signalCode).toBe("SIGINT");
  }
});

test("a pipe whose reader has enough ends the command well, and a wrong cursor is refused", async () => {
  await add("g1");
  await add("g2");
  const shell = promisify(execFile)(
    "bash",
    [
      "-c",
      'set -o pipefail; "$0" "$@" | head -n 1; echo "status ${PIPESTATUS[0]}"',
      ...[process.execPath, bin, "event", "follow", "--since", "start", "--json"],
    ],
    { env: { PATH: process.env["PATH"], HOME: process.env["HOME"], FARRIER_DATA_DIR: plane.dataDir } },
  );
  let names = 0;
  const ended = shell.then(() => true);
  // The pipe breaks with the first event that its reader does not take.
  await waitFor("the command's end", async () => {
    names += 1;
    await add(`g-more-${names}`);
    return Promise.race([ended, new Promise<false>((resolve) => setTimeout(() => resolve(false), 100))]);
  });
  const { stdout } = await shell;
  expect(stdout).toMatch(/^\{"specversion":"1\.0",.*\}\nstatus 0\n$/u);
  const wrong = await plane.run("event", "follow", "--since", "nonesuch", "--json");
  expect(wrong).toMatchObject({ status: 2, stdout: "", stderr: expect.stringMatching(/^farrier: [^\n]*cursor/u) });
});
