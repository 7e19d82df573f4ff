import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Phase } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { checkStory } from "../support/check-story.ts";
import type { Ran } from "../support/farrier-process.ts";
import type { ServedImage } from "../support/image-server.ts";
import { lab, type Lab, type LabMachine, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const mebibyte = 1 << 20;

let place: Lab;
let machine: LabMachine;
let count = 0;

beforeAll(async () => {
  place = await lab();
  await place.up();
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

beforeEach(async () => {
  machine = await place.machine(`box${(count += 1)}`);
});

afterEach(async () => {
  await place.agentsEnd();
});

function serve(name: string, megabytes: number, options?: { limit?: number; bytesPerSecond?: number }): ServedImage {
  return place.images.serve(`${machine.name}-${name}`, randomBytes(megabytes * mebibyte), options);
}

async function writing(generation: bigint): Promise<void> {
  await waitFor(`generation ${generation} to be written`, async () => {
    const { installation } = await machine.show();
    return installation?.generation === generation && installation.progress?.phase === Phase.WRITING;
  });
}

function requestIdOf({ stdout }: Ran): string {
  const id = /^request (\S+) for /u.exec(stdout)?.[1];
  expect(id).toBeDefined();
  return id ?? "";
}

describe("machine install --replace", () => {
  test("ends the old writing before the new begins, and the disk holds the new image", async () => {
    const [old, next] = [serve("old", 12, { limit: 9 * mebibyte }), serve("next", 8)];
    const waiting = machine.installStart(old, "--wait");
    machine.agent();
    await writing(1n);
    await waitFor("nine of twelve", () => old.sent === 9 * mebibyte);
    const refused = await machine.install(next);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("generation 1 is pending")]);
    let oldWasOpen: number | undefined;
    const probe = async (response: ServerResponse): Promise<void> => {
      // That the old one hung up is here already, and takes some turns of the event loop to be noted.
      for (let turn = 0; turn < 10 && old.open > 0; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      oldWasOpen = old.open;
      response.writeHead(200, { "content-length": next.bytes.length }).end(next.bytes);
    };
    place.images.answer(`${machine.name}-probe`, (_request, response) => void probe(response));
    const probed = { url: `${place.images.url}/${machine.name}-probe`, digest: next.digest };
    const replaced = await must(machine.install(probed, "--replace", "--wait"));
    expect(replaced.stdout).toContain(`${machine.name}: generation 2 installed`);
    expect(oldWasOpen, "fetches of the old image when the new one was asked for").toBe(0);
    await checkStory(machine, new Map([[2n, next.bytes]]));
    const old1 = await waiting.ended;
    expect([old1.status, old1.stderr]).toEqual([1, expect.stringContaining("generation 2 took its place")]);
    // What the old one had still to come does not come any more.
    old.limit = Number.POSITIVE_INFINITY;
    expect(old.open).toBe(0);
    expect((await machine.disk()).subarray(0, next.bytes.length).equals(next.bytes)).toBe(true);
  });

  test("of what is no longer pending is an ordinary request", async () => {
    const [first, second] = [serve("first", 5), serve("second", 5)];
    machine.agent();
    await must(machine.install(first, "--wait"));
    await must(machine.install(second, "--wait", "--replace"));
    await checkStory(machine, new Map([[2n, second.bytes]]));
  });
});

describe("machine cancel", () => {
  test("in mid-writing ends it within seconds, though the next heartbeat is minutes away; nothing is installed", async () => {
    const [first, second] = [serve("first", 5), serve("second", 12, { bytesPerSecond: mebibyte })];
    const quick = machine.agent();
    await must(machine.install(first, "--wait"));
    await quick.end("SIGTERM");
    const waiting = machine.installStart(second, "--wait");
    await waitFor("the request", async () => (await machine.show()).installation?.generation === 2n);
    const agent = machine.agent({ heartbeatSeconds: 300 });
    await writing(2n);
    const cancelled = await must(place.cli("machine", "cancel", machine.name, "--json"));
    expect(JSON.parse(cancelled.stdout)).toEqual({ machineId: machine.id, generation: "2", diskTouched: true });
    await waitFor("the fetch to be broken off", () => second.open === 0, { timeoutMs: 60_000 });
    expect(second.sent).toBeLessThan(second.bytes.length);
    const { installation, installed } = await machine.show();
    expect([installation?.state, installed]).toEqual([InstallationState.CANCELLED, undefined]);
    const { status, stderr } = await waiting.ended;
    expect([status, stderr]).toEqual([1, expect.stringContaining("generation 2 cancelled")]);
    await waitFor("the agent to say so", () => agent.stderr.includes("installation broken off"));
    expect(agent.running).toBe(true);
    // Told to end, an agent with something to report would report it first.
    await agent.end("SIGTERM");
    await checkStory(machine, new Map());
    expect((await machine.story()).filter((line) => line.startsWith("report_"))).toEqual([]);
    expect((await machine.disk()).subarray(0, 512).equals(second.bytes.subarray(0, 512)), "it could boot").toBe(false);
  });

  test("before a byte was written leaves what is installed, and the disk, as they were", async () => {
    const first = serve("first", 5);
    machine.agent();
    await must(machine.install(first, "--wait"));
    let asked = false;
    let broken = false;
    // Takes the connection, and never answers.
    const url = place.images.answer(`${machine.name}-hangs`, (_request, response) => {
      asked = true;
      response.on("close", () => (broken = true));
    });
    await must(machine.install({ url, digest: first.digest }));
    await waitFor("the agent to ask for the image", () => asked);
    expect((await machine.show()).installed?.generation).toBe(1n);
    await must(place.cli("machine", "cancel", machine.name, "--generation", "2"));
    await waitFor("the agent to give up", () => broken);
    expect((await machine.show()).installed?.generation).toBe(1n);
    await checkStory(machine, new Map([[1n, first.bytes]]));
    // And it is free for what comes next.
    await must(machine.install(first, "--wait"));
    await checkStory(machine, new Map([[3n, first.bytes]]));
  });

  test("is refused where nothing is pending, or another generation is", async () => {
    const nothing = await place.cli("machine", "cancel", machine.name);
    expect([nothing.status, nothing.stderr]).toEqual([1, expect.stringContaining("nothing is pending")]);
    await must(machine.install(serve("first", 5)));
    const other = await place.cli("machine", "cancel", machine.name, "--generation", "2");
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining("generation 1 is pending")]);
    expect(await machine.story()).toEqual(["machine_added", "agent_registered", "installation_requested 1"]);
  });
});

describe("agent init --replace", () => {
  test("stops the old agent at once: it writes nothing more, and the new one carries out the request", async () => {
    const image = serve("image", 12, { limit: 9 * mebibyte });
    const old = machine.agent();
    await must(machine.install(image));
    await writing(1n);
    const init = join(place.folder, `${machine.name}-second.json`);
    const refused = await place.cli("agent", "init", machine.name, "--out", init);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("--replace")]);
    await must(place.cli("agent", "init", machine.name, "--out", init, "--replace"));
    await waitFor("the old fetch to be broken off", () => image.open === 0);
    await waitFor("the old agent to say why", () => old.stderr.includes("another agent holds the machine now"));
    image.limit = Number.POSITIVE_INFINITY;
    machine.agent({ init });
    const { installation } = await machine.settled(60_000);
    expect(installation?.state).toBe(InstallationState.SUCCEEDED);
    await checkStory(machine, new Map([[1n, image.bytes]]));
    expect(await machine.story()).toContain("agent_replaced");
    expect(old.running).toBe(true);
  });
});

describe("machine install --request-id", () => {
  test("repeats a request: the same generation, whatever became of it; another body is refused", async () => {
    const [image, other] = [serve("image", 5), serve("other", 5)];
    const first = await must(machine.install(image));
    const requestId = requestIdOf(first);
    const again = await must(machine.install(image, "--request-id", requestId));
    expect(again.stdout).toBe(first.stdout);
    machine.agent();
    await machine.settled();
    const late = await must(machine.install(image, "--request-id", requestId, "--wait"));
    expect(late.stdout).toContain("generation 1 installed");
    const altered = await machine.install(other, "--request-id", requestId);
    expect([altered.status, altered.stderr]).toEqual([1, expect.stringContaining("request id")]);
    await checkStory(machine, new Map([[1n, image.bytes]]));
    expect(image.fetches).toBe(1);
  });
});

describe("machine install --max-parallel", () => {
  test("goes over a rack in waves; a machine that fails does not stop the others, and is reported", async () => {
    const rack = `rack=r${count}`;
    const machines = await Promise.all(
      ["a", "b", "c", "d"].map(async (letter, index) =>
        // The last one's disk is too small.
        place.machine(`${letter}${count}`, { labels: [rack], diskBytes: (index === 3 ? 4 : 16) * mebibyte }),
      ),
    );
    const image = serve("image", 6, { limit: 3 * mebibyte });
    machines.forEach((one) => void one.agent());
    const installing = place.cliStart(
      ...["machine", "install", "--label", rack, "--image", image.url, "--digest", image.digest],
      ...["--disk", "serial=disk0", "--max-parallel", "2"],
    );
    await waitFor("two at work", () => image.open === 2);
    image.limit = Number.POSITIVE_INFINITY;
    const { status, stdout, stderr } = await installing.ended;
    expect(status).toBe(1);
    expect(image.mostOpen).toBe(2);
    await Promise.all(machines.map((one) => checkStory(one, new Map([[1n, image.bytes]]))));
    const [, , , small] = machines;
    for (const one of machines) {
      const { installed } = await one.show();
      expect(installed === undefined).toBe(one === small);
      expect(one === small ? stderr : stdout).toContain(
        one === small ? `${one.name}: generation 1 failed: disk disk0 has` : `${one.name}: generation 1 installed`,
      );
    }
  });
});
