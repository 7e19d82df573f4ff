import { randomUUID } from "node:crypto";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { beforeAll, expect, test } from "vitest";
import { type TestMachine } from "../../../test/support/fleet.ts";
import { FleetGroupBy, FleetNeedKind } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { fleetNeedWords } from "../../contract/words/fleet-need.ts";
import { fleetGroups } from "../../database/queries/views/fleet-groups.ts";
import { eligibleCounts } from "../../database/queries/views/fleet.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { fleet, clients } = await operatorFixture();
let machines: TestMachine[];
const session = randomUUID();

beforeAll(async () => {
  machines = [];
  for (let index = 0; index < 6; index += 1) {
    machines.push(await fleet.add({ agent: index < 5, provider: index < 3 ? "static" : "redfish" }));
  }
  await fleet.request(at(0));
  await fleet.request(at(1));
  await fleet.cancel(at(1));
  await fleet.rows(
    `INSERT INTO sessions (session_id, session_component, session_runtime_info, session_interval_seconds, session_deadline)
     VALUES ($1, 'shepherd', 'host 1', 15, now() + interval '1 h'), ($2, 'server', 'host 2', 15, now() - interval '1 s')`,
    session,
    randomUUID(),
  );
  await fleet.rows(
    "INSERT INTO work (machine_id, process, session_id) VALUES ($1, 'ShepherdRecovery', $2)",
    at(0).machineId,
    session,
  );
  await fleet.rows(
    `INSERT INTO work_backoff (machine_id, process, backoff_until, last_interval_seconds, cause)
     VALUES ($1, 'ShepherdRecovery', now() + interval '1 h', 60, 'no power'),
       ($1, 'ShepherdAgentStart', now() - interval '1 s', 30, 'over'), ($2, 'ShepherdRecovery', now() + interval '1 h', 60, 'no power')`,
    at(2).machineId,
    at(3).machineId,
  );
});

const at = (index: number): TestMachine => {
  const machine = machines[index];
  if (machine === undefined) {
    throw new Error(`there is no machine ${index}`);
  }
  return machine;
};

test("the summary counts machines, what is pending, what may be worked on, and who is alive", async () => {
  const summary = await clients.fleet.fleetSummary({});
  const states = await fleet.rows<{ state: string; count: bigint }>(
    "SELECT state, count(*) FROM machine_state GROUP BY 1",
  );
  expect(summary.states).toEqual(Object.fromEntries(states.map(({ state, count }) => [state, count])));
  expect(summary).toMatchObject({
    machines: 6n,
    // Recovery holds the machine whose request is pending: it counts all the same.
    pending: 1n,
    sessions: { shepherd: 1n },
    work: { ShepherdRecovery: 1n },
    backoffs: { ShepherdRecovery: 2n },
    eligible: [{ process: "ShepherdAgentStart", provider: "redfish", machines: 1n }],
  });
  expect(summary.hardware?.computedAt).toBeUndefined();
});

test("what waits for an operator is summed up, with its oldest", async () => {
  await fleet.rows(
    "UPDATE machine_state SET deadline_missed_at = '2026-01-02T03:04:05Z' WHERE machine_id = $1",
    at(4).machineId,
  );
  const { needs } = await clients.fleet.fleetSummary({});
  expect(
    needs.map(({ kind, count, oldest }) => [
      fleetNeedWords[kind as keyof typeof fleetNeedWords],
      count,
      oldest && timestampDate(oldest).toISOString(),
    ]),
  ).toEqual([
    ["deadline-missed", 1n, "2026-01-02T03:04:05.000Z"],
    ["install-failed", 1n, expect.any(String)],
  ]);
  await fleet.rows("UPDATE sessions SET session_deadline = now() - interval '1 s' WHERE session_id = $1", session);
  const alone = await clients.fleet.fleetSummary({});
  expect(alone.needs[0]).toMatchObject({ kind: FleetNeedKind.NO_SHEPHERD });
  await fleet.rows("UPDATE sessions SET session_deadline = now() + interval '1 h' WHERE session_id = $1", session);
});

test("machines are counted by state for each value of a label, provider or location", async () => {
  const [one, two, three] = [at(0).machineId, at(1).machineId, at(2).machineId];
  await fleet.rows(`UPDATE machines SET labels = '{"rack": "r1"}' WHERE machine_id IN ($1, $2)`, one, two);
  await fleet.rows(`UPDATE machines SET labels = '{"rack": ""}' WHERE machine_id = $1`, three);
  await fleet.rows("UPDATE machine_provided SET provider_location = 'hall 2' WHERE machine_id = $1", one);
  const groups = async (request: { by: FleetGroupBy; label?: string }) =>
    (await clients.fleet.fleetGroups(request)).groups.map(({ value, none, machines: number, states }) => {
      expect(Object.values(states).reduce((sum, count) => sum + count, 0n)).toBe(number);
      return [none ? undefined : value, number];
    });
  expect(await groups({ by: FleetGroupBy.LABEL, label: "rack" })).toEqual([
    [undefined, 3n],
    ["r1", 2n],
    ["", 1n],
  ]);
  const byProvider = await groups({ by: FleetGroupBy.PROVIDER });
  expect(new Map(byProvider as [string, bigint][])).toEqual(
    new Map([
      ["static", 3n],
      ["redfish", 3n],
    ]),
  );
  expect(await groups({ by: FleetGroupBy.LOCATION })).toEqual([
    [undefined, 5n],
    ["hall 2", 1n],
  ]);
});

test("more values than can be shown: the ones with the most machines, and that there are more", async () => {
  await fleet.rows(
    `INSERT INTO machines (machine_id, labels) SELECT gen_random_uuid(), jsonb_build_object('slot', 's' || i % 2001)
     FROM generate_series(1, 2002) i`,
  );
  const { groups, more } = await clients.fleet.fleetGroups({ by: FleetGroupBy.LABEL, label: "slot" });
  expect([groups.length, more]).toEqual([2_000, true]);
  expect(groups[1]).toMatchObject({ value: "s1", machines: 2n });
  // What a count costs is told by all machines, not by those of the groups that are shown.
  const counted = await fleetGroups(fleet.database, { by: "label", label: "slot" }, 3);
  expect([counted.groups.length, counted.machines]).toEqual([3, 2_008]);
  await fleet.rows("DELETE FROM machines WHERE labels ? 'slot'");
});

test.each([
  [{}, "by: expected"],
  [{ by: FleetGroupBy.LABEL }, "label: expected"],
  [{ by: FleetGroupBy.LABEL, label: "A B" }, "label: expected"],
  [{ by: FleetGroupBy.PROVIDER, label: "rack" }, "label: expected none"],
])("groups by %o are refused", async (request, message) => {
  expect(await refusal(clients.fleet.fleetGroups(request))).toEqual([
    "InvalidArgument",
    expect.stringContaining(message),
  ]);
});

test("eligible machines are as many by the stored states as by the predicate", async () => {
  // Silent for an hour, while a server was there to hear them.
  await fleet.rows("UPDATE machine_agent_started SET agent_started_at = now() - interval '1 h'");
  await fleet.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_interval_seconds, session_deadline, session_created_at)
     VALUES ('server', 'host 3', 15, now() + interval '1 h', now() - interval '2 h')`,
  );
  await fleet.rows("SELECT machine_state_refresh(machine_id) FROM machines");
  const exact = await eligibleCounts(fleet.database, 1_000);
  expect(exact.reduce((sum, { machines: count }) => sum + count, 0)).toBeGreaterThan(1);
  expect(exact.map(({ process }) => process)).toContain("ShepherdRecovery");
  expect(await eligibleCounts(fleet.database, 0)).toEqual(exact);
  await fleet.rows("DELETE FROM sessions WHERE session_runtime_info = 'host 3'");
});

test("sessions are listed with what they hold", async () => {
  const { sessions } = await clients.fleet.sessionList({});
  // Both began at the same moment.
  expect(sessions.toSorted((one, other) => one.component.localeCompare(other.component))).toMatchObject([
    { component: "server", expired: true, work: 0n },
    { id: session, component: "shepherd", runtimeInfo: "host 1", expired: false, work: 1n },
  ]);
});

test("work is listed, also by machine and process", async () => {
  const expected = [
    { machineId: at(0).machineId, process: "ShepherdRecovery", sessionId: session, component: "shepherd" },
  ];
  expect((await clients.fleet.workList({})).work).toMatchObject(expected);
  expect((await clients.fleet.workList({ machine: at(0).machineId, process: "ShepherdRecovery" })).work).toMatchObject(
    expected,
  );
  expect((await clients.fleet.workList({ machine: at(1).machineId })).work).toEqual([]);
  expect((await clients.fleet.workList({ process: "ShepherdAgentStart" })).work).toEqual([]);
});

test("backoffs are listed page by page; those that are over only when asked for", async () => {
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await clients.fleet.backoffList({ all: true, pageSize: 1, pageToken });
    seen.push(...page.backoffs.map(({ machineId, process }) => `${machineId} ${process}`));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(seen).toHaveLength(3);
  expect(seen).toEqual(seen.toSorted());
  const now = await clients.fleet.backoffList({});
  expect(now.backoffs.map(({ cause, intervalSeconds }) => [cause, intervalSeconds])).toEqual([
    ["no power", 60n],
    ["no power", 60n],
  ]);
});

test("a backoff is cleared once, and history says by whom", async () => {
  const command = { requestId: randomUUID(), machine: at(3).machineId };
  expect((await refusal(clients.fleet.backoffClear({ ...command, process: "ShepherdAgentStart" })))[0]).toBe(
    "FailedPrecondition",
  );
  await clients.fleet.backoffClear(command);
  await clients.fleet.backoffClear(command);
  expect((await fleet.history(at(3))).filter((event) => event === "backoff_cleared")).toHaveLength(1);
  expect(await refusal(clients.fleet.backoffClear({ ...command, process: "ShepherdRecovery" }))).toEqual([
    "FailedPrecondition",
    expect.stringContaining("make a new request id"),
  ]);
  expect(await refusal(clients.fleet.backoffClear({ ...command, requestId: randomUUID() }))).toEqual([
    "FailedPrecondition",
    expect.stringContaining("nothing holds this machine back"),
  ]);
});

test.each<[string, () => Promise<unknown>, string, RegExp]>([
  [
    "an unknown process",
    () => clients.fleet.workList({ process: "Sweep" }),
    "InvalidArgument",
    /process: expected ShepherdAgentStart or/u,
  ],
  ["an unknown machine", () => clients.fleet.workList({ machine: "nobody" }), "NotFound", /no machine "nobody"/u],
  ["a broken page token", () => clients.fleet.workList({ pageToken: "x/y" }), "InvalidArgument", /page_token/u],
  [
    "a page token with more",
    () => clients.fleet.backoffList({ pageToken: `${randomUUID()}/ShepherdRecovery/x` }),
    "InvalidArgument",
    /page_token/u,
  ],
  ["a great page", () => clients.fleet.backoffList({ pageSize: 1_001 }), "InvalidArgument", /page_size/u],
  ["no request id", () => clients.fleet.backoffClear({ machine: "one" }), "InvalidArgument", /request_id/u],
  ["no machine", () => clients.fleet.backoffClear({ requestId: randomUUID() }), "InvalidArgument", /machine/u],
  [
    "a machine that is gone",
    () => clients.fleet.backoffClear({ requestId: randomUUID(), machine: randomUUID() }),
    "NotFound",
    /no machine/u,
  ],
])("%s is refused", async (_what, call, code, message) => {
  expect(await refusal(call())).toEqual([code, expect.stringMatching(message)]);
});
