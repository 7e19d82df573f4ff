import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { controlPlaneStart, type TestControlPlane } from "../testing/processes.ts";

// Each command is a process of its own.
vi.setConfig({ testTimeout: 300_000 });

const contents = randomBytes(300_000);
const digest = `sha256:${createHash("sha256").update(contents).digest("hex")}`;

let directory: string;
let database: TestDatabase;
let plane: TestControlPlane;
let images: Server;
let image: string[];
let machine: string;
let name: string;
let added = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-install-wait-"));
  database = await testDatabase({ leaks: "ignore" });
  plane = await controlPlaneStart(directory, database.url);
  images = createServer((_request, response) => response.end(contents));
  await new Promise<void>((resolve) => {
    images.listen(0, "127.0.0.1", resolve);
  });
  const address = images.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  image = ["--image", `http://127.0.0.1:${port}/image`, "--digest", digest, "--disk", "serial=disk1"];
});
afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function add(): Promise<{ id: string; name: string }> {
  added += 1;
  const title = `m${added}`;
  const { stdout } = await plane.run("machine", "add", "--provider", "static", "--provider-id", title, "--name", title);
  return { id: stdout.trim(), name: title };
}
beforeEach(async () => {
  ({ id: machine, name } = await add());
});

const pending = async (id: string): Promise<boolean> => {
  const { stdout } = await plane.run("machine", "show", id, "--json");
  const { machine: shown } = JSON.parse(stdout) as { machine: { installation?: { state: string } } };
  return shown.installation?.state === "INSTALLATION_STATE_PENDING";
};

test("ends with 0 once the agent has installed, through a restart of the control plane", async () => {
  await using waiting = plane.start("machine", "install", machine, ...image, "--wait");
  await waitFor("the request", () => waiting.stderr().includes(`${name}: waiting for the agent`));
  await plane.restart(async () => {
    await waitFor("the note", () => waiting.stderr().includes("still trying"));
  });
  await waitFor("the second note", () => waiting.stderr().includes("the control plane answers again"));
  const init = join(directory, `${name}.json`);
  const disks = join(directory, `${name}.disks`);
  await mkdir(disks);
  await writeFile(join(disks, "disk1"), "");
  await truncate(join(disks, "disk1"), 1_000_000);
  await plane.run("agent", "init", machine, "--out", init);
  await using _agent = plane.start("agent", "run", "--init", init, "--file-disks", disks);
  const { status, stdout } = await waiting.finished;
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^request .*\nm\d+: generation 1 requested\nm\d+: generation 1 installed\n$/u),
  ]);
  expect((await readFile(join(disks, "disk1"))).subarray(0, contents.length).equals(contents)).toBe(true);
});

test("ends with 1 and the reason when it is cancelled, or another request takes its place", async () => {
  await using first = plane.start("machine", "install", machine, ...image, "--wait");
  await waitFor("the request", () => first.stdout().includes("generation 1 requested"));
  await using second = plane.start("machine", "install", machine, ...image, "--wait", "--replace");
  const replaced = await first.finished;
  expect([replaced.status, replaced.stderr]).toEqual([
    1,
    expect.stringMatching(/generation 1 replaced: generation 2 took its place/u),
  ]);
  await waitFor("the request", () => second.stdout().includes("generation 2 requested"));
  await plane.run("machine", "cancel", machine);
  const cancelled = await second.finished;
  expect([cancelled.status, cancelled.stderr]).toEqual([
    1,
    expect.stringMatching(/generation 2 cancelled: cancelled by an operator/u),
  ]);
});

test("--json prints one document, whatever is shown meanwhile", async () => {
  await using waiting = plane.start("machine", "install", machine, ...image, "--wait", "--json");
  await waitFor("the request", () => pending(machine));
  await plane.run("machine", "cancel", machine);
  const { status, stdout, stderr } = await waiting.finished;
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    installations: [{ machineId: machine, generation: "1", result: "cancelled", error: "cancelled by an operator" }],
  });
  expect(stderr).toMatch(/^request \S+ for /u);
});

test("--max-parallel 2 asks the third machine only once one of the first is done", async () => {
  const ids = [machine, (await add()).id, (await add()).id];
  await using waiting = plane.start("machine", "install", ...ids, ...image, "--max-parallel", "2");
  const done = new Set<string>();
  while (done.size < ids.length) {
    const now = await waitFor("those that are pending", async () => {
      const states = await Promise.all(ids.map(async (id) => ((await pending(id)) ? id : undefined)));
      const asked = states.filter((id) => id !== undefined);
      return asked.length === Math.min(2, ids.length - done.size) ? asked : undefined;
    });
    const [id = ""] = now;
    await plane.run("machine", "cancel", id);
    done.add(id);
  }
  const { status, stderr } = await waiting.finished;
  expect(status).toBe(1);
  expect(stderr.match(/cancelled by an operator/gu)).toHaveLength(3);
});
