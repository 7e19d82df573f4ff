// Agent start by a virtual medium, through the shepherd on a real database. The controllers are fakes.
import { createHash, randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Fleet } from "../../../test/support/fleet.ts";
import { waitFor } from "../../../test/support/wait.ts";
import {
  isMediumUrl,
  mediumSecret,
  mediumSecretRead,
  mediumUrl,
  mediumUrlName,
  type MediumSecret,
} from "../../contract/medium-path.ts";
import type { MachineId } from "../../database/ids.ts";
import { mediumGrant, mediumTokenGive } from "../../database/queries/boot/boot-medium.ts";
import { mediumServer, mediumServerSeen } from "../../database/queries/boot/medium-server.ts";
import { type ControlledFleet, controlledFleet } from "../testing/controlled-fleet.ts";
import { type FakeController, type FakeControllers, fakeControllers } from "../testing/fake-controller.ts";
import { testShepherd } from "../testing/test-shepherd.ts";

const bmc = "https://192.0.2.50";
let all: ControlledFleet;
let fleet: Fleet;
let fakes: FakeControllers;
let fake: FakeController;
let smbiosUuid: string;
beforeEach(async () => {
  all = await controlledFleet();
  ({ fleet } = all);
  fakes = fakeControllers();
  fake = fakes.at(bmc);
  smbiosUuid = randomUUID();
  fake.facts = { smbiosUuid, bootTargets: ["media"], virtualMedia: true };
  await mediumServerSeen(fleet.database, { url: "http://198.51.100.1:8081", architectures: ["x86_64"] });
});
afterEach(async () => await all[Symbol.asyncDispose]());

const shepherd = (bootSeconds?: number) =>
  testShepherd(fleet, { controllers: fakes.access, ...(bootSeconds === undefined ? {} : { bootSeconds }) });
const ended = (machineId: MachineId, event: string) =>
  waitFor(event, async () => (await fleet.history({ machineId })).includes(event));

/** The secret in the URL of the inserted medium. */
async function secretInserted(): Promise<MediumSecret> {
  const url = await waitFor("a medium", async () => fake.medium);
  expect(url).toMatch(/^http:\/\/198\.51\.100\.1:8081\/media\//u);
  expect(isMediumUrl(url)).toBe(true);
  const secret = mediumSecretRead(url.split("/").at(-2) ?? "");
  if (secret === undefined) {
    throw new Error("no secret in the URL");
  }
  return secret;
}

test("the medium is inserted and booted once; after enrolment it is ejected and the override is gone", async () => {
  await using _shepherd = shepherd();
  const machineId = await all.added(bmc);
  const secret = await secretInserted();
  // Good from the controller's address alone.
  expect(await mediumGrant(fleet.database, { mediumDigest: secret.digest, address: "192.0.2.51" })).toBeUndefined();
  await waitFor("power", async () => fake.done.includes("power on"));
  await all.fetchAndEnroll({ url: fake.medium ?? "", fetcher: "192.0.2.50", smbiosUuid });
  await ended(machineId, "work_finished");
  expect(fake.done).toEqual(["insert", "boot media once", "power on", "clear", "eject"]);
  expect(fake.medium).toBeUndefined();
});

test("the machine's provider may say another address for its controllers; without its word it is the server's again", async () => {
  const provider = { name: "static", mediaUrl: "http://203.0.113.9:8081" };
  await using _shepherd = testShepherd(fleet, { controllers: fakes.access, providers: [provider] });
  const machineId = await all.added(bmc);
  expect(await fleet.rows("SELECT provider FROM machine_provided WHERE machine_id = $1", machineId)).toEqual([
    { provider: provider.name },
  ]);
  const url = await waitFor("a medium", async () => fake.medium);
  expect(url).toMatch(/^http:\/\/203\.0\.113\.9:8081\/media\//u);
  const other = await fleet.add({ provider: "other", agent: false });
  expect(await mediumServer(fleet.database, other.machineId)).toEqual({ url: "http://198.51.100.1:8081" });
  expect(await mediumServer(fleet.database, machineId)).toEqual({ url: provider.mediaUrl });
  await fleet.rows("DELETE FROM boot_medium_server");
  expect(await mediumServer(fleet.database, machineId)).toBeUndefined();
});

test("each start has a path of its own; what was not fetched is said, and the medium is ejected", async () => {
  await using _shepherd = shepherd(1);
  const machineId = await all.added(bmc);
  const first = await secretInserted();
  await ended(machineId, "work_failed");
  const [failure] = await fleet.rows<{ cause: string }>(
    "SELECT detail ->> 'cause' AS cause FROM history WHERE machine_id = $1 AND event = 'work_failed'",
    machineId,
  );
  expect(failure?.cause).toContain("its controller never fetched the medium");
  expect(JSON.stringify(await fleet.rows("SELECT detail FROM history"))).not.toContain(first.text);
  await waitFor("the medium to be ejected", async () => fake.medium === undefined);
  expect(await mediumGrant(fleet.database, { mediumDigest: first.digest, address: "192.0.2.50" })).toBeUndefined();
});

test("a medium that was fetched, and no agent came: what runs then may be the disk's system, and is left", async () => {
  await using _shepherd = shepherd(1);
  const machineId = await all.added(bmc);
  const secret = await secretInserted();
  await waitFor("power", async () => fake.done.includes("power on"));
  const address = "192.0.2.50";
  const tokenDigest = createHash("sha256").update(secret.token).digest();
  const give = { machineId, mediumDigest: secret.digest, tokenDigest, address };
  await mediumTokenGive(fleet.database, { ...give, actor: { kind: "component", name: "netboot" } });
  await ended(machineId, "work_failed");
  const rows = await fleet.rows("SELECT found_by FROM machine_found_running WHERE machine_id = $1", machineId);
  expect(rows).toEqual([{ found_by: "controller" }]);
});

test.each([
  ["left by an interrupted start", mediumUrl("http://198.51.100.1:8081", mediumSecret()), ["eject", "insert"]],
  ["of which the controller shows the name alone", mediumUrlName(mediumSecret().digest), ["eject", "insert"]],
  ["of somebody else with the name of Farrier's file", "agent.iso", ["insert", "boot media once"]],
  ["of somebody else", "http://203.0.113.5/own.iso", ["insert", "boot media once"]],
])("before its own medium is inserted, one %s: %j", async (_what, medium, done) => {
  await using _shepherd = shepherd();
  fake.medium = medium;
  await all.added(bmc);
  await waitFor("power", async () => fake.done.includes("power on"));
  expect(fake.done.slice(0, 2)).toEqual(done);
});

test("the medium of a killed start is ejected, although the next start goes by the network", async () => {
  const machineId = await (async () => {
    await using _killed = shepherd();
    const added = await all.added(bmc);
    await waitFor("power", async () => fake.done.includes("power on"));
    return added;
  })();
  expect(fake.medium).toBeDefined();
  fake.power = "off";
  fake.facts = { smbiosUuid, bootTargets: ["network"], virtualMedia: true };
  await fleet.rows("UPDATE machine_controller SET boot_targets = '{network}'");
  await fleet.rows("UPDATE machine_boot_window SET closed_at = now()");
  await fleet.rows("DELETE FROM work_backoff");
  await using _shepherd = shepherd();
  await waitFor("a boot from the network", async () => fake.done.includes("boot network once"));
  await all.bootAndEnroll({ smbiosUuid, macs: [] });
  await ended(machineId, "work_finished");
  await waitFor("the medium to be ejected", async () => fake.medium === undefined);
});

test("a medium that cannot be inserted is a failed start, and the machine stays off", async () => {
  await using _shepherd = shepherd();
  fake.mediumRefused = true;
  const machineId = await all.added(bmc);
  await ended(machineId, "work_failed");
  expect(fake.power).toBe("off");
  expect(fake.done).not.toContain("power on");
});
