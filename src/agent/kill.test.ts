import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { FakeControlPlane } from "../../test/support/fake-control-plane.ts";
import { fakeControlPlane, unavailable } from "../../test/support/fake-control-plane.ts";
import { waitFor } from "../../test/support/wait.ts";
import { initFileWrite } from "./calls/init-file.ts";

const image = randomBytes(12 << 20);
const child = new URL("../../test/support/agent-child.ts", import.meta.url).pathname;

let folder: string;
let plane: FakeControlPlane;
let images: Server;
/** Bytes of the image that are served before the server falls silent. */
let served: number;
let agents: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kill-"));
  await mkdir(join(folder, "disks"));
  await writeFile(join(folder, "disks/disk0"), Buffer.alloc(image.length));
  plane = await fakeControlPlane();
  await initFileWrite(join(folder, "init.json"), plane.init);
  images = createServer((_request, response) => {
    response.writeHead(200, { "content-length": image.length });
    response.write(image.subarray(0, served), () => served === image.length && response.end());
  });
  await once(images.listen(0, "127.0.0.1"), "listening");
  const address = images.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
  const digest = `sha256:${createHash("sha256").update(image).digest("hex")}`;
  plane.request = create(OSInstallationRequestSchema, {
    generation: 123n,
    type: { case: "image", value: { url, digest, rootDisk: { serialNumber: "disk0" } } },
  });
  agents = [];
});

afterEach(async () => {
  await Promise.all(agents.map((agent) => kill(agent, "SIGKILL")));
  await plane[Symbol.asyncDispose]();
  images.closeAllConnections();
  await new Promise((resolve) => images.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

function startAgent(): ChildProcess {
  const args = [child, join(folder, "init.json"), join(folder, "disks")];
  const agent = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  agents.push(agent);
  return agent;
}

async function kill(agent: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (agent.exitCode === null && agent.signalCode === null) {
    const exit = once(agent, "exit");
    agent.kill(signal);
    await exit;
  }
}

const disk = (): Promise<Buffer> => readFile(join(folder, "disks/disk0"));
const runs = (): number => new Set(plane.heartbeats.map(({ runId }) => Buffer.from(runId).toString("hex"))).size;

test("killed while it writes, restarted, it installs what is still asked for", async () => {
  served = 9 << 20;
  const first = startAgent();
  const [from, to] = [4 << 20, 8 << 20];
  await waitFor("the second block", async () => (await disk()).subarray(from, to).equals(image.subarray(from, to)));
  await kill(first, "SIGKILL");
  expect(plane.reports).toEqual([]);
  served = image.length;
  startAgent();
  await waitFor("the report", () => plane.reports.length === 1);
  expect(plane.reports).toMatchObject([{ generation: 123n, result: { case: "success" } }]);
  expect((await disk()).equals(image)).toBe(true);
  expect(runs()).toBe(2);
});

test("killed with a result that was not acknowledged, restarted, it begins again", async () => {
  served = image.length;
  plane.onHeartbeat = ({ installationReport }) => (installationReport === undefined ? undefined : unavailable());
  const first = startAgent();
  await waitFor("a report", () => plane.heartbeats.some(({ installationReport }) => installationReport !== undefined));
  await kill(first, "SIGKILL");
  plane.onHeartbeat = () => undefined;
  startAgent();
  await waitFor("the report", () => plane.reports.length === 1);
  expect((await disk()).equals(image)).toBe(true);
});

test("told to end, it ends at once and of its own accord, also while it writes", async () => {
  served = 9 << 20;
  const agent = startAgent();
  await waitFor("a byte", async () => (await disk()).some((byte) => byte !== 0));
  await kill(agent, "SIGTERM");
  expect([agent.exitCode, agent.signalCode]).toEqual([0, null]);
});
