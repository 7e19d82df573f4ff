import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { type TestMachine } from "../../../test/support/fleet.ts";
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
