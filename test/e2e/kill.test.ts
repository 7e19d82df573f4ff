import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Phase } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { checkStory } from "../support/check-story.ts";
import type { FarrierProcess, ServingFarrier } from "../support/farrier-process.ts";
import type { ServedImage } from "../support/image-server.ts";
import { lab, type Lab, type LabMachine, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

// Three blocks of what the agent writes at a time: cut after two, the disk holds some of it and not all.
const bytes = randomBytes(12 << 20);
const half = 9 << 20;

let place: Lab;
let up: ServingFarrier;
let machine: LabMachine;
let image: ServedImage;
let count = 0;
const images = new Map([[1n, bytes]]);

beforeAll(async () => {
  place = await lab();
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

// One control plane lives, dies and comes back through all of these tests; each has a machine of its own.
beforeEach(async () => {
  up = up?.running ? up : await place.up();
  machine = await place.machine(`box${(count += 1)}`);
  image = place.images.serve(machine.name, bytes, { limit: half });
});

afterEach(async () => {
  await place.agentsEnd();
});

/** Asks for generation 1, starts an agent, and waits until half of the image is on its way to the disk. */
async function installHalf(): Promise<FarrierProcess> {
  await must(machine.install(image));
  const agent = machine.agent();
  await writing();
  return agent;
}

async function writing(): Promise<void> {
  const [from, to] = [4 << 20, 8 << 20];
  await waitFor("half of the image on the disk", async () =>
    (await machine.disk()).subarray(from, to).equals(bytes.subarray(from, to)),
  );
  const { installation } = await machine.show();
  expect(installation?.progress?.phase).toBe(Phase.WRITING);
}

describe("the control plane", () => {
  test("killed while it idles, leaves a PostgreSQL behind; the next one goes on with the same data", async () => {
    const agent = machine.agent();
    const before = await waitFor("a heartbeat", async () => (await machine.show()).agent?.heartbeatAt);
    const orphan = await place.postgresPid();
    await up.end("SIGKILL");
    expect((await place.leftovers()).join("\n")).toContain(`process ${orphan}:`);
    up = await place.up();
    expect(await place.postgresPid()).not.toBe(orphan);
    await waitFor("another heartbeat", async () => {
      const at = (await machine.show()).agent?.heartbeatAt;
      return at !== undefined && at.seconds > before.seconds;
    });
    image.limit = Number.POSITIVE_INFINITY;
    const installed = await must(machine.install(image, "--wait"));
    expect(installed.stdout).toContain(`${machine.name}: generation 1 installed`);
    await checkStory(machine, images);
    expect((await agent.end("SIGTERM")).status).toBe(0);
  });

  test("killed in mid-installation: the agent goes on alone, and its result is told once", async () => {
    await installHalf();
    await up.end("SIGKILL");
    image.limit = Number.POSITIVE_INFINITY;
    await waitFor("the whole image on the disk, nobody looking", async () =>
      (await machine.disk()).subarray(0, bytes.length).equals(bytes),
    );
    up = await place.up();
    const { installation, installed } = await machine.settled();
    expect(installation?.state).toBe(InstallationState.SUCCEEDED);
    expect(installed).toMatchObject({ generation: 1n, digest: image.digest });
    await checkStory(machine, images);
    expect(image.fetches).toBe(1);
  });

  test("killed while a command waits: the command goes on waiting, and ends with the result", async () => {
    const waiting = machine.installStart(image, "--wait");
    machine.agent();
    await writing();
    await up.end("SIGKILL");
    await waitFor("the command to notice", () => waiting.stderr.includes("still trying"));
    image.limit = Number.POSITIVE_INFINITY;
    up = await place.up();
    const { status, stdout, stderr } = await waiting.ended;
    expect([status, stdout]).toEqual([0, expect.stringContaining(`${machine.name}: generation 1 installed`)]);
    expect(stderr).toContain(`${machine.name}: the control plane answers again`);
    await checkStory(machine, images);
  });

  test("killed together with the agent, in mid-installation: both come back, and it is done once", async () => {
    const agent = await installHalf();
    await Promise.all([up.end("SIGKILL"), agent.end("SIGKILL")]);
    image.limit = Number.POSITIVE_INFINITY;
    up = await place.up();
    expect((await machine.show()).installed).toBeUndefined();
    machine.agent();
    await machine.settled();
    await checkStory(machine, images);
    expect((await machine.story()).filter((line) => line === "installation_handed_out 1")).toHaveLength(2);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "told to end by %s, ends by itself with everything it runs",
    async (signal) => {
      await installHalf();
      const { status } = await up.end(signal);
      expect(status).toBe(0);
      expect(await place.leftovers()).toEqual([]);
      image.limit = Number.POSITIVE_INFINITY;
      up = await place.up();
      await machine.settled();
      await checkStory(machine, images);
      expect(image.fetches).toBe(1);
    },
  );
});

describe("its PostgreSQL", () => {
  test("killed in mid-installation, is started again; the agent notices nothing but a delay", async () => {
    await installHalf();
    const before = await place.postgresKill();
    await waitFor("another PostgreSQL", async () => {
      const pid = await place.postgresPid();
      return pid !== before && (await ready());
    });
    expect(up.running).toBe(true);
    expect((await machine.show()).installed).toBeUndefined();
    image.limit = Number.POSITIVE_INFINITY;
    const { installation } = await machine.settled();
    expect(installation?.state).toBe(InstallationState.SUCCEEDED);
    await checkStory(machine, images);
    expect(image.fetches).toBe(1);
    expect((await up.end("SIGTERM")).status).toBe(0);
    expect(await place.leftovers()).toEqual([]);
  });

  test("killed over and over while heartbeats come and commands are given: what was answered stays", async () => {
    machine.agent();
    const acknowledged: string[] = [];
    let killed: number | undefined;
    for (let round = 0; round < 4; round += 1) {
      // A killed process may still answer for a moment.
      killed = await waitFor(
        "another PostgreSQL to kill",
        async () => (await place.postgresPid()) !== killed && (await place.postgresKill()),
      );
      const name = `spare${round}`;
      // The same command again: one may have been carried out whose answer was lost.
      const requestId = crypto.randomUUID();
      await waitFor(
        `machine add ${name} to be answered`,
        async () => {
          const { machines } = await place.client();
          const request = { requestId, provider: "static", providerId: name, name };
          const { machine: added } = await machines.machineAdd(request);
          acknowledged.push(added?.id ?? "");
          return true;
        },
        { timeoutMs: 60_000 },
      );
    }
    await up.end("SIGKILL");
    up = await place.up();
    const { machines } = await (await place.client()).machines.machineList({});
    expect(machines.map(({ id }) => id)).toEqual(expect.arrayContaining([machine.id, ...acknowledged]));
    image.limit = Number.POSITIVE_INFINITY;
    await must(machine.install(image, "--wait"));
    await checkStory(machine, images);
  });
});

async function ready(): Promise<boolean> {
  return (await fetch(`${up.operators}/readyz`)).ok;
}

describe("the agent", () => {
  test("killed in mid-installation, begins again when it is started again", async () => {
    const agent = await installHalf();
    await agent.end("SIGKILL");
    image.limit = Number.POSITIVE_INFINITY;
    machine.agent();
    await machine.settled();
    await checkStory(machine, images);
    expect(image.fetches).toBe(2);
  });

  test("killed three times, is not handed it a fourth time: the control plane ends it", async () => {
    await must(machine.install(image));
    for (let run = 1; run <= 3; run += 1) {
      const agent = machine.agent();
      await waitFor(`run ${run} to write`, () => image.fetches === run && image.sent === half);
      await waitFor("its progress", async () => {
        const { installation } = await machine.show();
        return installation?.progress?.phase === Phase.WRITING;
      });
      await agent.end("SIGKILL");
    }
    const fourth = machine.agent();
    const { installation, installed } = await machine.settled();
    expect(installation).toMatchObject({
      state: InstallationState.FAILED,
      error: "three agents began, none reported",
    });
    expect(installed).toBeUndefined();
    await checkStory(machine, images);
    const handed = (await machine.history()).filter(({ event }) => event === "installation_handed_out");
    expect(handed.map(({ detailJson }) => (JSON.parse(detailJson) as { runs: number }).runs)).toEqual([1, 2, 3]);
    expect(image.fetches).toBe(3);
    // It stays failed until somebody asks again, and then the fourth run carries it out.
    image.limit = Number.POSITIVE_INFINITY;
    await must(machine.install(image, "--wait"));
    await checkStory(machine, new Map([[2n, bytes]]));
    expect(fourth.running).toBe(true);
  });
});
