// Agent start by UEFI HTTP boot, through the shepherd on a real database. The controllers are fakes.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../../../test/support/wait.ts";
import { isMediumUrl } from "../../contract/medium-path.ts";
import type { MachineId } from "../../database/ids.ts";
import { mediumProgress } from "../../database/queries/boot/boot-medium.ts";
import { mediumServerSeen } from "../../database/queries/boot/medium-server.ts";
import { type ControlledFleet, controlledFleet } from "../testing/controlled-fleet.ts";
import { type FakeController, type FakeControllers, fakeControllers } from "../testing/fake-controller.ts";
import { testShepherd } from "../testing/test-shepherd.ts";

const bmc = "https://192.0.2.50";
let all: ControlledFleet;
let fakes: FakeControllers;
let fake: FakeController;
let smbiosUuid: string;
beforeEach(async () => {
  all = await controlledFleet();
  fakes = fakeControllers();
  fake = fakes.at(bmc);
  smbiosUuid = randomUUID();
  fake.facts = { smbiosUuid, bootTargets: ["http"], httpBoot: true };
  await mediumServerSeen(all.fleet.database, { url: "http://198.51.100.1:8081", architectures: ["x86_64"] });
});
afterEach(async () => await all[Symbol.asyncDispose]());

const shepherd = (bootSeconds?: number) =>
  testShepherd(all.fleet, { controllers: fakes.access, ...(bootSeconds === undefined ? {} : { bootSeconds }) });
const ended = (machineId: MachineId, event: string) =>
  waitFor(event, async () => (await all.fleet.history({ machineId })).includes(event));

test("its URL is given and booted once; after enrolment override and URL are gone", async () => {
  await using _shepherd = shepherd();
  const machineId = await all.added(bmc);
  await waitFor("power", async () => fake.done.includes("power on"));
  const url = fake.httpBootUrl ?? "";
  expect(isMediumUrl(url)).toBe(true);
  // Fetched by the machine itself, whose address nobody knew.
  await all.fetchAndEnroll({ url, fetcher: "192.0.2.9", smbiosUuid });
  expect(await mediumProgress(all.fleet.database, machineId)).toMatchObject({ way: "http", fetchers: ["192.0.2.9"] });
  await ended(machineId, "work_finished");
  expect(fake.done).toEqual(["boot http once", "power on", "clear", "url removed"]);
  expect(fake.httpBootUrl).toBeUndefined();
  // The path is good for its window alone, and nothing else stores it.
  const rows = await all.fleet.rows("SELECT to_jsonb(w)::text AS row FROM machine_boot_window w");
  expect(JSON.stringify(rows)).not.toContain(url.split("/").at(-2));
});

test("a machine that never fetches its URL: the start fails and says so, and the URL is removed", async () => {
  await using _shepherd = shepherd(1);
  const machineId = await all.added(bmc);
  await ended(machineId, "work_failed");
  const rows = await all.fleet.rows<{ cause: string; means: string }>("SELECT means, cause FROM machine_start_failure");
  expect(rows).toEqual([{ means: "controller-http", cause: expect.stringContaining("never fetched its URL") }]);
  await waitFor("the removal", async () => fake.httpBootUrl === undefined);
});

test("another's URL stays", async () => {
  fake.httpBootUrl = "http://203.0.113.5/own.iso";
  await using _shepherd = shepherd();
  const machineId = await all.added(bmc);
  await waitFor("power", async () => fake.done.includes("power on"));
  const url = fake.httpBootUrl;
  fake.httpBootUrl = "http://203.0.113.5/own.iso";
  await all.fetchAndEnroll({ url, fetcher: "192.0.2.9", smbiosUuid });
  await ended(machineId, "work_finished");
  expect(fake.httpBootUrl).toBe("http://203.0.113.5/own.iso");
});
