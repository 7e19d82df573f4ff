// `bmc check --media`: a test medium in the drives of simulated controllers, fetched from a real `farrier netboot`.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mediumManifestName, mediumName, mediumSecret, mediumUrl } from "../../src/contract/medium-path.ts";
import { MemoryMachine } from "../../src/controllers/simulated/machine.ts";
import { plainShape } from "../../src/controllers/simulated/shape.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import { quickClock } from "../../src/controllers/testing/quick-clock.ts";
import type { MachineId } from "../../src/database/ids.ts";
import { bootWindowOpen } from "../../src/database/queries/boot/boot-window.ts";
import { mediumServerSeen } from "../../src/database/queries/boot/medium-server.ts";
import { mediumTestOpen } from "../../src/database/queries/boot/medium-test.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { netbootServe, type NetbootListener } from "../../src/netboot/serve.ts";
import { type Controllers, controllersOf } from "../../src/shepherd/controllers.ts";
import { checkMedia } from "../../src/shepherd/operations/check-media.ts";
import { type ControlledFleet, controlledFleet } from "../../src/shepherd/testing/controlled-fleet.ts";
import { simulatedAccess } from "../../src/shepherd/testing/simulated-access.ts";
import { testShepherd } from "../../src/shepherd/testing/test-shepherd.ts";
import { operator, silent } from "../support/fleet.ts";
import { waitFor } from "../support/wait.ts";

const live = new AbortController().signal;
const built = randomBytes(200_000);
const access = simulatedAccess({ limits: { setting: { first: 1, most: 1, total: 3 } } });

let stack: AsyncDisposableStack;
let all: ControlledFleet;
let netboot: NetbootListener;
let bmc: SimulatedController;
let machine: MemoryMachine;
let machineId: MachineId;
let controllers: Controllers;
/** What the controller does with the URL of a medium. */
let comes: (url: string) => Promise<void>;
const fetched: { status: number; body: Buffer }[] = [];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  fetched.length = 0;
  const directory = await mkdtemp(join(tmpdir(), "farrier-check-media-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "x86_64"));
  await writeFile(join(directory, "x86_64", mediumName), built);
  const area = { offset: 70_000, bytes: 65_536 };
  await writeFile(join(directory, "x86_64", mediumManifestName), JSON.stringify({ bytes: built.length, area }));
  all = stack.use(await controlledFleet());
  const { database } = all.fleet;
  netboot = stack.use(
    await netbootServe({
      ...{ database, bootImages: directory, ipxeFiles: directory, log: silent, clock: systemClock },
      address: { host: "127.0.0.1", port: 0 },
      agents: { port: 8443 },
      caCertificate: Buffer.from("the CA"),
      kernelArguments: "",
      metrics: createMetrics(),
    }),
  );
  await mediumServerSeen(database, { url: `http://127.0.0.1:${netboot.address.port}`, architectures: ["x86_64"] });
  machine = new MemoryMachine({ uuid: randomUUID(), state: "on" });
  machine.mediumSet = async (url) => {
    machine.medium = url;
    await (url === undefined ? undefined : comes(url));
  };
  comes = (url) => get(url, "127.0.0.1");
  bmc = stack.use(await SimulatedController.start({ shape: plainShape, machine }));
  controllers = stack.use(controllersOf(database, { open: access.open, clock: systemClock }));
  await using _shepherd = testShepherd(all.fleet, { controllers: access });
  machineId = await all.added(bmc.url, { trust: { by: "clear-text" } });
});
afterEach(() => stack.disposeAsync());

async function get(url: string, localAddress: string): Promise<void> {
  fetched.push(
    await new Promise((resolve, reject) => {
      const call = httpRequest(url, { localAddress }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
      });
      call.on("error", reject);
      call.end();
    }),
  );
}

const check = (signal = live) =>
  checkMedia(machineId, { database: all.fleet.database, controllers, clock: quickClock() }, signal);

const slot = "/redfish/v1/Managers/1/VirtualMedia/Cd";
const tests = () => all.fleet.rows("SELECT FROM machine_medium_test");

/** The medium of a check that was lost with its shepherd, in its drive. */
async function lost(): Promise<string> {
  const secret = mediumSecret();
  const opened = { digest: secret.digest, fetchers: ["127.0.0.1"], seconds: 600 };
  expect(await mediumTestOpen(all.fleet.database, machineId, opened)).toBe(true);
  const image = mediumUrl("http://198.51.100.1", secret);
  bmc.state.media.set(slot, { image, inserted: true });
  return image;
}

test("a controller that comes: it gets the medium without a configuration, which is ejected and good for nothing then", async () => {
  let url = "";
  comes = (inserted) => {
    url = inserted;
    return get(inserted, "127.0.0.1");
  };
  expect(await check()).toEqual({ ok: true, what: expect.stringContaining("came from 127.0.0.1 for a test medium") });
  expect(fetched.map(({ status, body }) => [status, body.length])).toEqual([[200, built.length]]);
  expect(fetched[0]?.body.includes("endpoint")).toBe(false);
  expect(machine.medium).toBeUndefined();
  await get(url, "127.0.0.1");
  expect(fetched[1]?.status).toBe(404);
  // Nothing of what it boots was touched.
  expect(bmc.state.boot).toMatchObject({ enabled: "Disabled", target: "None" });
  expect(machine.actions).toEqual([]);
  expect(await all.fleet.rows("SELECT FROM machine_boot_window")).toEqual([]);
});

test("a controller that comes by ranges, and strangers: the first of each is recorded", async () => {
  const versions: unknown[] = [];
  comes = async (url) => {
    for (let round = 0; round < 2; round += 1) {
      for (const from of ["127.0.0.1", "127.0.0.2", "127.0.0.3"]) {
        await get(url, from);
      }
      versions.push(await all.fleet.rows("SELECT xmin::text FROM machine_medium_test"));
    }
  };
  expect(await check()).toMatchObject({ ok: true });
  expect(fetched.map(({ status }) => status)).toEqual([200, 404, 404, 200, 404, 404]);
  expect(versions[1]).toEqual(versions[0]);
});

test("a controller that never comes: it says so within a minute, and the medium is ejected", async () => {
  comes = () => Promise.resolve();
  expect(await check()).toMatchObject({
    ok: false,
    what: expect.stringContaining("has not come for it within 60 s"),
    remedy: expect.stringContaining(`http://127.0.0.1:${netboot.address.port}`),
  });
  expect(machine.medium).toBeUndefined();
});

test("a controller that comes from another address gets nothing, and is named", async () => {
  comes = (url) => get(url, "127.0.0.2");
  expect(await check()).toMatchObject({ ok: false, what: expect.stringContaining("from 127.0.0.2") });
  expect(fetched.map(({ status }) => status)).toEqual([404]);
  expect(machine.medium).toBeUndefined();
});

test("a controller that refuses the medium, because it gets nothing, is named too", async () => {
  comes = async (url) => {
    await get(url, "127.0.0.2");
    throw new Error("404");
  };
  expect(await check()).toMatchObject({ ok: false, what: expect.stringContaining("from 127.0.0.2") });
  comes = () => Promise.reject(new Error("no licence"));
  expect(await check()).toMatchObject({ ok: false, what: expect.stringContaining("no licence") });
});

test("another's medium stays in its drive, and Farrier's own of an interrupted check goes", async () => {
  bmc.state.media.set(slot, { image: "http://203.0.113.5/own.iso", inserted: true });
  expect(await check()).toMatchObject({ ok: false, what: expect.stringContaining("has a medium already") });
  expect(bmc.state.media.get(slot)).toEqual({ image: "http://203.0.113.5/own.iso", inserted: true });
  expect(fetched).toEqual([]);
  await lost();
  expect(await check()).toMatchObject({ ok: true });
  expect(await tests()).toEqual([]);
});

test.each([
  ["a start's", mediumUrl("http://198.51.100.1", mediumSecret())],
  ["a stranger's", "http://203.0.113.5/agent.iso"],
])("%s medium that takes the test medium's place is left there", async (_whose, image) => {
  comes = async (url) => {
    await get(url, "127.0.0.1");
    setImmediate(() => bmc.state.media.set(slot, { image, inserted: true }));
  };
  await check();
  expect(bmc.state.media.get(slot)).toEqual({ image, inserted: true });
});

test("a check that is told to end ejects its medium all the same", async () => {
  const stop = new AbortController();
  comes = () => Promise.resolve();
  bmc.heard = ({ method, path }) => {
    if (method === "GET" && path === slot && machine.medium !== undefined) {
      stop.abort(new Error("the shepherd stops"));
    }
  };
  await expect(check(stop.signal)).rejects.toThrow("the shepherd stops");
  expect(machine.medium).toBeUndefined();
  expect(bmc.state.media.get(slot)?.inserted).toBe(false);
  expect(await tests()).toEqual([]);
});

test("a medium that a lost check has left is ejected by any shepherd; another in its place is not", async () => {
  await lost();
  {
    await using _shepherd = testShepherd(all.fleet, { controllers: access });
    await waitFor("the medium to be ejected", async () => (await tests()).length === 0);
  }
  expect(bmc.state.media.get(slot)?.inserted).toBe(false);
  await lost();
  const others = { image: "http://203.0.113.5/agent.iso", inserted: true };
  bmc.state.media.set(slot, others);
  await using _shepherd = testShepherd(all.fleet, { controllers: access });
  await waitFor("the test to be forgotten", async () => (await tests()).length === 0);
  expect(bmc.state.media.get(slot)).toEqual(others);
});

test("a left medium that can't be ejected is tried again later, and its path is good for nothing meanwhile", async () => {
  const image = await lost();
  bmc.faults.push({ path: /EjectMedia$/u, times: 2, does: { status: 400, id: "Failed", message: "not now" } });
  await using _shepherd = testShepherd(all.fleet, { controllers: access });
  await waitFor(
    "a failure",
    async () =>
      (
        await all.fleet.rows(
          "SELECT FROM machine_medium_test WHERE failures = 1 AND clear_at < now() + interval '1 minute'",
        )
      ).length === 1,
  );
  await get(image.replace("http://198.51.100.1", `http://127.0.0.1:${netboot.address.port}`), "127.0.0.1");
  expect(fetched.at(-1)?.status).toBe(404);
  bmc.faults.splice(0);
  await all.fleet.rows("UPDATE machine_medium_test SET clear_at = now()");
  await waitFor("the medium to be ejected", async () => (await tests()).length === 0);
  expect(bmc.state.media.get(slot)?.inserted).toBe(false);
});

test("while an agent is started from its medium, the drive is left alone", async () => {
  const medium = { digest: mediumSecret().digest, way: "medium", fetchers: ["127.0.0.1"] } as const;
  await bootWindowOpen(all.fleet.database, machineId, { actor: operator, seconds: 600, medium });
  expect(await check()).toMatchObject({ ok: false, what: expect.stringContaining("an agent is being started") });
  expect(fetched).toEqual([]);
});

test("without a served medium nothing is tried", async () => {
  await all.fleet.rows("DELETE FROM boot_medium_server");
  expect(await check()).toMatchObject({ ok: false, what: expect.stringContaining("no boot medium is served") });
});

test("as an operator asks for it: a line after the others", async () => {
  await using _shepherd = testShepherd(all.fleet, { controllers: access });
  expect(await all.operate(machineId, { kind: "check" })).toMatchObject({ result: { ok: true } });
  expect(fetched).toEqual([]);
  const ended = (await all.operate(machineId, { kind: "check", media: true })) as { result: { lines: unknown[] } };
  expect(ended.result.lines.at(-1)).toMatchObject({ ok: true, what: expect.stringContaining("test medium") });
});
