import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { InstallationSort } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { type TestMachine } from "../../../test/support/fleet.ts";
import { installationList } from "../../database/queries/views/installation-list.ts";
import { systemClock } from "../../lib/clock.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { fleet, clients } = await operatorFixture();
const machines: TestMachine[] = [];
const day = (number: number): Date => new Date(Date.UTC(2026, 0, number));

/** Eight machines: requested on days 1 to 8; 0 to 5 have failed, the later the earlier; 5 is pending again. */
beforeAll(async () => {
  for (let index = 0; index < 8; index += 1) {
    const machine = await fleet.add();
    machines.push(machine);
    await fleet.request(machine);
    const error = index % 2 === 0 ? "no disk matches serial=S9" : "http://a/b?token=geheim answered 404 Not Found";
    if (index < 6) {
      await fleet.rows(
        `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by, reported_at)
         VALUES ($1, 1, 'error', $2, 'agent', $3)`,
        machine.machineId,
        error,
        day(20 - index),
      );
    }
    if (index === 5) {
      await fleet.request(machine);
    }
    await fleet.rows("SELECT machine_state_refresh($1)", machine.machineId);
    await fleet.rows(
      "UPDATE machine_state SET requested_at = $2 WHERE machine_id = $1",
      machine.machineId,
      day(1 + index),
    );
  }
});

type Request = Parameters<typeof clients.installations.installationList>[0];

/** The numbers of the machines, page by page to the end. */
async function listed(request: Request, pageSize = 2): Promise<number[]> {
  const ids: string[] = [];
  let pageToken = "";
  do {
    const page = await clients.installations.installationList({ ...request, pageSize, pageToken });
    ids.push(...page.installations.map(({ machineId }) => machineId));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return ids.map((id) => machines.findIndex(({ machineId }) => machineId === id));
}

const finished = { sort: InstallationSort.FINISHED };

test.each<[string, Request, number[]]>([
  ["newest first", {}, [7, 6, 5, 4, 3, 2, 1, 0]],
  ["oldest first", { oldestFirst: true }, [0, 1, 2, 3, 4, 5, 6, 7]],
  ["of a state", { states: [InstallationState.FAILED] }, [4, 3, 2, 1, 0]],
  ["of a time", { from: timestampFromDate(day(3)), before: timestampFromDate(day(5)) }, [3, 2]],
  ["by their end: a result of an older request is none", finished, [0, 1, 2, 3, 4]],
  ["by their end, the oldest first", { ...finished, oldestFirst: true }, [4, 3, 2, 1, 0]],
  ["ended since then", { ...finished, from: timestampFromDate(day(18)) }, [0, 1, 2]],
  ["by their end, pending ones", { ...finished, states: [InstallationState.PENDING] }, []],
  ["with a part of the error, in any letter case", { error: "NOT found" }, [3, 1]],
  ["with another part of it", { error: "serial=", oldestFirst: true }, [0, 2, 4]],
  ["with what operators are not shown", { error: "geheim" }, []],
])("%s", async (_what, request, expected) => {
  expect(await listed(request)).toEqual(expected);
  expect(await listed(request, 1)).toEqual(expected);
});

test("searched in steps without time to spare, pages are short, and none is missing", async () => {
  const query = { states: [], sort: "requested", oldestFirst: false, error: "serial=", limit: 10 } as const;
  const effort = { chunk: 2, milliseconds: 0, clock: systemClock };
  const found: string[] = [];
  let pages = 0;
  let next: Awaited<ReturnType<typeof installationList>>["next"];
  do {
    const page = await installationList(
      fleet.database,
      { ...query, ...(next === undefined ? {} : { after: next }) },
      effort,
    );
    found.push(...page.machines.map(({ machineId }) => machineId));
    next = page.next;
    pages += 1;
  } while (next !== undefined);
  expect(found).toEqual([4, 2, 0].map((index) => machines[index]?.machineId));
  expect(pages).toBe(5);
});

test("each says who requested it, for all generations of a machine too", async () => {
  const { machine } = await clients.machines.machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: "w",
  });
  const image = {
    url: "http://images.test/a.raw",
    digest: `sha256:${"0a".repeat(32)}`,
    rootDisk: { serialNumber: "S" },
  };
  const id = machine?.id ?? "";
  await clients.installations.installationRequest({ requestId: randomUUID(), machine: id, image });
  const { installations } = await clients.installations.installationList({ pageSize: 1 });
  expect(installations).toMatchObject([{ machineId: id, requestedBy: "token" }]);
  const { installations: own } = await clients.installations.installationList({ machine: id });
  expect(own).toMatchObject([{ requestedBy: "token" }]);
});

test.each<[Request, RegExp]>([
  [{ sort: 9 as InstallationSort }, /^sort: this server knows no such order/u],
  [{ error: "a\0" }, /^error: /u],
  [{ from: timestampFromDate(new Date("-000001-01-01T00:00:00Z")) }, /^from: expected a time/u],
  [{ machine: "web1", oldestFirst: true }, /^oldest_first: expected nothing together with machine/u],
])("bad input is refused: %#", async (request, message) => {
  expect(await refusal(clients.installations.installationList(request))).toEqual([
    "InvalidArgument",
    expect.stringMatching(message),
  ]);
});
