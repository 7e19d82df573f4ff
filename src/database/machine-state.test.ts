import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { systemClock } from "../lib/clock.ts";
import {
  command,
  heldConnection,
  operator,
  silent,
  testFleet,
  type Fleet,
  type TestMachine,
} from "../../test/support/fleet.ts";
import { backoffNext } from "./backoff.ts";
import { candidates, eligible, eligibleCount } from "./eligibility.ts";
import { machineStates } from "./machine-state.ts";
import { cameUpOverdue, cameUpSilentNote } from "./queries/came-up/came-up-silent.ts";
import { deadlinesNote, deadlinesOverdue } from "./queries/upkeep/deadlines.ts";
import { fleetCounts } from "./queries/views/fleet.ts";
import { fleetGroupsQuery } from "./queries/views/fleet-groups.ts";
import { fleetNeedsQuery } from "./queries/views/fleet-needs.ts";
import { installationListQuery } from "./queries/views/installation-list.ts";
import { machineListFew } from "./queries/views/machine-list-few.ts";
import { machineSorts, type MachineListQuery } from "./queries/views/machine-list-order.ts";
import { machineListHolds, machineListSeek, machineListWalk } from "./queries/views/machine-list-walk.ts";
import { machineCountFew, machineCountStates } from "./queries/views/machine-count.ts";
import {
  deadlineMissedFilter,
  labelsFilter,
  locationFilter,
  namePrefixFilter,
  searchFilter,
} from "./queries/views/machine-list-filter.ts";
import { machineQuarantine, machineRelease } from "./queries/machine/machine-quarantine.ts";
import { machineUpdate } from "./queries/machine/machine-update.ts";
import { statesOverdue, statesRefresh } from "./queries/upkeep/state.ts";
import { sessionStart, type Session } from "./session.ts";
import { workClaim, type Work } from "./work.ts";
import type { MachineId } from "./ids.ts";
import { sql, type RawBuilder } from "kysely";

async function stateOf(fleet: Fleet, machine: TestMachine): Promise<string | undefined> {
  const [row] = await fleet.rows<{ state: string }>(
    "SELECT state FROM machine_state WHERE machine_id = $1",
    machine.machineId,
  );
  return row?.state;
}

/** Machines whose stored state is not what the definition says. */
async function wrong(fleet: Fleet): Promise<unknown[]> {
  return fleet.rows(`
    SELECT m.machine_id, s.state, n.state AS should_be FROM machines m
    LEFT JOIN machine_state s ON s.machine_id = m.machine_id
    CROSS JOIN LATERAL machine_state_now(m.machine_id) n
    LEFT JOIN machine_agent_heartbeat h ON h.machine_id = m.machine_id
    WHERE (s.state, s.not_before, s.candidate, s.provider, s.name, s.machine_created_at, s.installation, s.requested_at)
      IS DISTINCT FROM
      (n.state, n.not_before, n.candidate, n.provider, n.name, n.machine_created_at, n.installation, n.requested_at)
      OR h.agent_wanted <> n.wanted`);
}

const heartbeat = (fleet: Fleet, machine: TestMachine, secondsAgo = 0) =>
  fleet.rows(
    `INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
     SELECT $1, at, floor(extract(epoch FROM at) / 300)::integer FROM (SELECT now() - make_interval(secs => $2) AS at) t
     ON CONFLICT (machine_id) DO UPDATE SET
       agent_heartbeat_at = excluded.agent_heartbeat_at, heartbeat_bucket = excluded.heartbeat_bucket`,
    machine.machineId,
    secondsAgo,
  );

const startedAgo = (fleet: Fleet, machine: TestMachine, seconds: number) =>
  fleet.rows(
    "UPDATE machine_agent_started SET agent_started_at = now() - make_interval(secs => $2) WHERE machine_id = $1",
    machine.machineId,
    seconds,
  );

const serverSince = (fleet: Fleet, seconds: number) =>
  fleet.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     VALUES ('server', 'test', now() - make_interval(secs => $1), 3600, now() + interval '1 hour')`,
    seconds,
  );

const succeed = (fleet: Fleet, machine: TestMachine, generation: bigint) =>
  fleet.rows(
    `WITH r AS (
       INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by) VALUES ($1, $2, 'success', 'agent')
       ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation, result = 'success', reported_by = 'agent'
     ) INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, $2)
     ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation`,
    machine.machineId,
    generation,
  );

/** The newest request's system is expected to report; `features`: the agent can tell it so. */
const expectReport = (fleet: Fleet, machine: TestMachine, features = true) =>
  fleet.rows(
    `WITH g AS (
       DELETE FROM machine_agent_features WHERE machine_id = $1 AND NOT $2
     ), f AS (
       INSERT INTO machine_agent_features (machine_id, agent_public_key, features)
       SELECT machine_id, agent_public_key, '{vendor-data}' FROM machine_agent_started WHERE machine_id = $1 AND $2
       ON CONFLICT (machine_id) DO UPDATE SET agent_public_key = excluded.agent_public_key
     ) INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256)
     SELECT machine_id, generation, 900, sha256(convert_to(machine_id::text || ' ' || generation, 'UTF8'))
     FROM machine_os_installation_request WHERE machine_id = $1`,
    machine.machineId,
    features,
  );

describe("the stored state", () => {
  test("a success whose system is expected to report is coming-up, then silent or installed", async () => {
    await using fleet = await testFleet();
    await serverSince(fleet, 3600);
    const machine = await fleet.add();
    await heartbeat(fleet, machine);
    const generation = await fleet.request(machine);
    await expectReport(fleet, machine);
    expect(await stateOf(fleet, machine)).toBe("install-pending");
    await succeed(fleet, machine, generation);
    expect(await stateOf(fleet, machine)).toBe("coming-up");
    expect(await cameUpSilentNote(fleet.database, 10)).toEqual([]);
    await fleet.rows("UPDATE machine_came_up SET deadline_at = now() - interval '1 s'");
    expect(await cameUpSilentNote(fleet.database, 10)).toEqual([{ machineId: machine.machineId, generation }]);
    expect(await cameUpSilentNote(fleet.database, 10)).toEqual([]);
    expect(await stateOf(fleet, machine)).toBe("silent");
    expect((await fleet.history(machine)).filter((event) => event.startsWith("came_up"))).toEqual(["came_up_silent 1"]);
    // It takes a new request, and after its cancellation is what it was.
    await fleet.request(machine);
    expect(await stateOf(fleet, machine)).toBe("install-pending");
    await fleet.cancel(machine);
    expect(await stateOf(fleet, machine)).toBe("silent");
    await fleet.rows("UPDATE machine_came_up SET heard_at = now(), heard_over = 'tls', report = '{}'");
    expect(await stateOf(fleet, machine)).toBe("installed");
    expect(await wrong(fleet)).toEqual([]);
  });

  test("silence does not count while no server could have heard a report", async () => {
    await using fleet = await testFleet();
    const machine = await fleet.add();
    const generation = await fleet.request(machine);
    await expectReport(fleet, machine);
    await succeed(fleet, machine, generation);
    await fleet.rows("UPDATE machine_came_up SET deadline_at = now() - interval '1 s'");
    expect(await cameUpSilentNote(fleet.database, 10)).toEqual([]);
    await serverSince(fleet, 299);
    expect(await cameUpSilentNote(fleet.database, 10)).toEqual([]);
    await serverSince(fleet, 301);
    expect(await cameUpSilentNote(fleet.database, 10)).toHaveLength(1);
  });

  test("an agent that can't write vendor data leaves an installed machine, and history says so", async () => {
    await using fleet = await testFleet();
    const machine = await fleet.add();
    const generation = await fleet.request(machine);
    await expectReport(fleet, machine, false);
    await succeed(fleet, machine, generation);
    expect(await stateOf(fleet, machine)).toBe("installed");
    expect(await fleet.history(machine)).toContain("came_up_unasked 1");
  });

  test("a system that is overwritten before its deadline is waited for no more", async () => {
    await using fleet = await testFleet();
    await serverSince(fleet, 3600);
    const machine = await fleet.add();
    const generation = await fleet.request(machine);
    await expectReport(fleet, machine);
    await succeed(fleet, machine, generation);
    await fleet.rows("DELETE FROM machine_os_installed WHERE machine_id = $1", machine.machineId);
    await fleet.rows("UPDATE machine_came_up SET within_seconds = 1");
    expect(await fleet.rows("SELECT FROM machine_came_up WHERE deadline_at IS NOT NULL")).toEqual([]);
    expect(await cameUpSilentNote(fleet.database, 10)).toEqual([]);
  });

  test("follows a machine from new to installed and on", async () => {
    await using fleet = await testFleet();
    const bare = await fleet.add({ agent: false });
    expect(await stateOf(fleet, bare)).toBe("new");
    const machine = await fleet.add();
    expect(await stateOf(fleet, machine)).toBe("awaiting-agent");
    await heartbeat(fleet, machine);
    expect(await stateOf(fleet, machine)).toBe("ready");
    const generation = await fleet.request(machine);
    expect(await stateOf(fleet, machine)).toBe("install-pending");
    await fleet.cancel(machine);
    expect(await stateOf(fleet, machine)).toBe("install-failed");
    const second = await fleet.request(machine);
    expect(second).toBeGreaterThan(generation);
    await fleet.rows(
      `INSERT INTO machine_os_installation_progress (machine_id, generation, run, phase, bytes_done, bytes_total, detail)
       VALUES ($1, $2, '\\x00', 'writing', 0, 0, '')`,
      machine.machineId,
      second,
    );
    expect(await stateOf(fleet, machine)).toBe("installing");
    await succeed(fleet, machine, second);
    expect(await stateOf(fleet, machine)).toBe("installed");
    await fleet.request(machine);
    expect(await stateOf(fleet, machine)).toBe("install-pending");
    expect(await wrong(fleet)).toEqual([]);
  });

  test("agents that time made silent are noticed by the janitor, and their return at once", async () => {
    await using fleet = await testFleet();
    const [quiet, unheard, installed] = [await fleet.add(), await fleet.add(), await fleet.add()];
    for (const machine of [quiet, unheard, installed]) {
      await startedAgo(fleet, machine, 4000);
    }
    await heartbeat(fleet, quiet, 1300);
    await heartbeat(fleet, installed, 1300);
    await succeed(fleet, installed, await fleet.request(installed));
    expect(await statesRefresh(fleet.database)).toBe(0);
    await serverSince(fleet, 3600);
    await statesRefresh(fleet.database);
    expect([await stateOf(fleet, quiet), await stateOf(fleet, unheard), await stateOf(fleet, installed)]).toEqual([
      "agent-lost",
      "awaiting-agent",
      "installed",
    ]);
    // Never heard: its state has been what it is for a moment only.
    await fleet.rows("UPDATE machine_state SET since = now() - interval '1 hour'");
    await statesRefresh(fleet.database);
    expect(await stateOf(fleet, unheard)).toBe("agent-lost");
    await heartbeat(fleet, quiet);
    expect(await stateOf(fleet, quiet)).toBe("ready");
    expect(await wrong(fleet)).toEqual([]);
  });

  test("a backoff that ended is noticed", async () => {
    await using fleet = await testFleet();
    await serverSince(fleet, 3600);
    const machine = await fleet.add();
    await startedAgo(fleet, machine, 4000);
    await heartbeat(fleet, machine, 1300);
    await statesRefresh(fleet.database);
    await using session = await sessionStart(fleet.database, {
      component: "shepherd",
      log: silent,
      clock: systemClock,
    });
    const [work] = await workClaim(fleet.database, session, { process: "ShepherdRecovery", provider: "static" }, 5);
    expect(await stateOf(fleet, machine)).toBe("recovering");
    await work?.fail({ initial: 600 }, "for a test");
    expect(await stateOf(fleet, machine)).toBe("backing-off");
    await fleet.rows("UPDATE work_backoff SET backoff_until = now() + interval '20 milliseconds'");
    await fleet.rows("SELECT pg_sleep(0.03)");
    expect(await statesRefresh(fleet.database)).toBe(1);
    expect(await stateOf(fleet, machine)).toBe("agent-lost");
    expect(backoffNext({ initial: 600 })).toBe(600);
  });

  test("quarantined comes before all others, and what it was before comes back with its release", async () => {
    await using fleet = await testFleet();
    const [bare, asked] = [await fleet.add({ agent: false }), await fleet.add()];
    await heartbeat(fleet, asked);
    await fleet.request(asked);
    for (const machine of [bare, asked]) {
      const reason = "smoke";
      await machineQuarantine(fleet.database, { ...command(machine, "machine_quarantine"), actor: operator, reason });
    }
    expect([await stateOf(fleet, bare), await stateOf(fleet, asked)]).toEqual(["quarantined", "quarantined"]);
    for (const process of ["ShepherdAgentStart", "ShepherdRecovery"] as const) {
      expect(await eligibleCount(fleet.database, { process, provider: "static" })).toBe(0);
    }
    expect(await wrong(fleet)).toEqual([]);
    for (const machine of [bare, asked]) {
      await machineRelease(fleet.database, { ...command(machine, "machine_release"), actor: operator });
    }
    // The request was cancelled, and stays so.
    expect([await stateOf(fleet, bare), await stateOf(fleet, asked)]).toEqual(["new", "install-failed"]);
    expect(await eligibleCount(fleet.database, { process: "ShepherdAgentStart", provider: "static" })).toBe(1);
    expect(await wrong(fleet)).toEqual([]);
  });

  test("every state has a limit in the table, and the table no other", async () => {
    await using fleet = await testFleet();
    const rows = await fleet.rows<{ state: string }>("SELECT state FROM machine_state_limit");
    expect(rows.map(({ state }) => state).toSorted()).toEqual([...machineStates].toSorted());
  });

  test("is what the definition says, whatever is done at once", async () => {
    await using fleet = await testFleet({ connections: 12 });
    await serverSince(fleet, 3600);
    const machines = [await fleet.add(), await fleet.add(), await fleet.add({ agent: false })];
    const sessions: Session[] = [];
    await using stack = new AsyncDisposableStack();
    for (let i = 0; i < 2; i += 1) {
      sessions.push(
        stack.use(await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock })),
      );
    }
    const works: Work[] = [];
    const machine = fc.constantFrom(...machines);
    const ignore = (): void => undefined; // Refusals are part of the game; the states afterwards are what is looked at.
    const step = fc.oneof(
      fc.record({ do: fc.constant("request" as const), machine }),
      fc.record({ do: fc.constant("cancel" as const), machine }),
      fc.record({ do: fc.constant("succeed" as const), machine }),
      fc.record({ do: fc.constant("uninstall" as const), machine }),
      fc.record({ do: fc.constant("expect" as const), machine, features: fc.boolean() }),
      fc.record({ do: fc.constant("late" as const) }),
      fc.record({ do: fc.constant("reported" as const), machine }),
      fc.record({ do: fc.constant("heartbeat" as const), machine, ago: fc.constantFrom(0, 1300) }),
      fc.record({ do: fc.constant("rekey" as const), machine }),
      fc.record({ do: fc.constant("started" as const), machine, ago: fc.constantFrom(0, 4000) }),
      fc.record({
        do: fc.constant("claim" as const),
        process: fc.constantFrom("ShepherdRecovery", "ShepherdAgentStart"),
      }),
      fc.record({ do: fc.constant("end" as const), how: fc.constantFrom("finish", "fail", "cancel") }),
      fc.record({ do: fc.constant("refresh" as const) }),
      fc.record({ do: fc.constant("quarantine" as const), machine }),
      fc.record({ do: fc.constant("release" as const), machine }),
      fc.record({ do: fc.constant("rename" as const), machine, name: fc.constantFrom("a", "b", null) }),
      fc.record({ do: fc.constant("deadlines" as const) }),
    );
    const run = async (action: typeof step extends fc.Arbitrary<infer T> ? T : never): Promise<unknown> => {
      switch (action.do) {
        case "request":
          return fleet.request(action.machine);
        case "cancel":
          return fleet.cancel(action.machine);
        case "succeed": {
          const [row] = await fleet.rows<{ generation: bigint }>(
            "SELECT generation FROM machine_os_installation_request WHERE machine_id = $1",
            action.machine.machineId,
          );
          return row === undefined ? undefined : succeed(fleet, action.machine, row.generation);
        }
        case "expect":
          return expectReport(fleet, action.machine, action.features);
        case "late":
          await fleet.rows("UPDATE machine_came_up SET deadline_at = now() - interval '1 s' WHERE deadline_at > now()");
          return cameUpSilentNote(fleet.database, 10);
        case "reported":
          return fleet.rows(
            `UPDATE machine_came_up SET heard_at = now(), heard_over = 'tls', report = '{}'
             WHERE machine_id = $1 AND deadline_at IS NOT NULL AND heard_at IS NULL`,
            action.machine.machineId,
          );
        case "uninstall":
          return fleet.rows("DELETE FROM machine_os_installed WHERE machine_id = $1", action.machine.machineId);
        case "heartbeat":
          return heartbeat(fleet, action.machine, action.ago);
        case "rekey":
          return fleet.rekey(action.machine);
        case "started":
          return startedAgo(fleet, action.machine, action.ago);
        case "claim": {
          const session = sessions[randomBytes(1).readUInt8() % 2] as Session;
          const claimed = await workClaim(fleet.database, session, { process: action.process, provider: "static" }, 2);
          works.push(...claimed);
          return claimed;
        }
        case "end": {
          const work = works.shift();
          return action.how === "finish"
            ? work?.finish()
            : action.how === "fail"
              ? work?.fail({ initial: 600 }, "for a test")
              : work?.cancel("for a test");
        }
        case "refresh":
          return statesRefresh(fleet.database);
        case "quarantine":
          return machineQuarantine(fleet.database, {
            ...command(action.machine, "machine_quarantine"),
            actor: operator,
            reason: "for a test",
          });
        case "release":
          return machineRelease(fleet.database, { ...command(action.machine, "machine_release"), actor: operator });
        case "rename":
          return machineUpdate(fleet.database, {
            ...command(action.machine, "machine_update"),
            actor: operator,
            name: action.name,
            setLabels: {},
            removeLabels: [],
          });
        case "deadlines":
          return deadlinesNote(fleet.database, 10);
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 }),
        async (rounds) => {
          for (const round of rounds) {
            await Promise.all(round.map((action) => run(action).catch(ignore)));
          }
          await statesRefresh(fleet.database);
          await fleet.rows("UPDATE machine_state SET since = now() - interval '1 hour' WHERE state = 'awaiting-agent'");
          await statesRefresh(fleet.database);
          expect(await wrong(fleet)).toEqual([]);
          // What is waited for is what is installed; nothing pending, and no agent wanted.
          const waited = await fleet.rows(
            `SELECT FROM machine_state s LEFT JOIN machine_os_installed d USING (machine_id)
             WHERE s.state IN ('coming-up', 'silent')
               AND (d.machine_id IS NULL OR s.candidate IS NOT NULL OR s.installation = 'pending' OR agent_wanted(s.machine_id))`,
          );
          expect(waited).toEqual([]);
          // A machine that is left alone is no candidate of any process, and has nothing pending.
          const disturbed = await fleet.rows(
            "SELECT FROM machine_state WHERE state = 'quarantined' AND (candidate IS NOT NULL OR installation = 'pending')",
          );
          expect(disturbed).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  }, 300_000);
});

interface PlanNode {
  "Node Type": string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: PlanNode[];
}

/** Rows that all the scans of a plan have read. */
function rowsRead(node: PlanNode): number {
  const removed = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0);
  const own = node["Node Type"].includes("Scan") ? (node["Actual Rows"] + removed) * node["Actual Loops"] : 0;
  return own + (node.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), 0);
}

/** Every way that lists are read: each order, with each kind of filter, from the first page on and from a later one. */
function listQueries(): Record<string, RawBuilder<unknown>> {
  const all: MachineListQuery = {
    states: [],
    providers: [],
    labels: {},
    namePrefix: "",
    search: "",
    deadlineMissed: false,
    location: "",
    sort: "id",
    descending: false,
  };
  const id = "80000000-0000-0000-0000-000000000000";
  const cursors = {
    id: [id],
    name: ["m5", id],
    created: ["1700000000000000", id],
    state: ["installed", "1700000000000000", id],
    since: ["1700000000000000", id],
  } as const;
  const filters = [
    labelsFilter({ rack: "r7" }),
    namePrefixFilter("m77"),
    searchFilter("m4242"),
    deadlineMissedFilter,
    locationFilter("hall r7"),
  ] as const;
  const queries: Record<string, RawBuilder<unknown>> = {};
  for (const sort of ["requested", "finished"] as const) {
    for (const oldestFirst of [false, true]) {
      const cursor = { at: "1700000000000000", machineId: id as MachineId };
      const query = { states: ["success" as const], sort, oldestFirst, from: new Date(1), before: new Date() };
      queries[`installations by ${sort} ${oldestFirst}`] = installationListQuery(
        { ...query, states: [] },
        undefined,
        101,
      );
      queries[`later installations by ${sort} ${oldestFirst}`] = installationListQuery(query, cursor, 101);
    }
  }
  for (const [index, filter] of filters.entries()) {
    queries[`count few ${index}`] = machineCountFew(all, filter, filters, 10_001);
  }
  for (const [states, providers] of [
    [[], []],
    [["installed"], []],
    [
      ["installed", "ready"],
      ["static", "lab"],
    ],
    [[], ["static"]],
  ] as const) {
    queries[`count ${states.join()} ${providers.join()}`] = machineCountStates({ ...all, states, providers }, 10_001);
  }
  for (const sort of machineSorts) {
    for (const descending of [false, true]) {
      for (const [states, providers] of [
        [[], []],
        [["agent-lost"], []],
        [[], ["static"]],
        [["installed"], ["static", "lab"]],
      ] as const) {
        const query = { ...all, sort, descending, states, providers };
        const what = `by ${sort} ${descending} ${states.join()} ${providers.join()}`;
        const cursor = [...cursors[sort]] as [...string[], string];
        queries[`walk ${what}`] = machineListWalk(query, undefined, 101);
        queries[`walk on ${what}`] = machineListWalk(query, cursor, 101);
        queries[`filtered walk ${what}`] = machineListHolds(machineListWalk(query, cursor, 400), filters);
      }
    }
    for (const filter of filters) {
      queries[`few ${sort} ${filters.indexOf(filter)}`] = machineListFew({ ...all, sort }, filter, filters, 101, 6_000);
      const sought = { filter, filters, most: 6_000, walked: 1_000 };
      queries[`seek ${sort} ${filters.indexOf(filter)}`] = machineListSeek({ ...all, sort }, undefined, 101, sought);
    }
  }
  return queries;
}

describe("plans at 100,000 machines", () => {
  test("neither claims, counts, the janitor, lists nor the fleet's summary scan the fleet", async () => {
    await using fleet = await testFleet();
    await fleet.rows("SET session_replication_role = replica").catch(() => undefined);
    // Not of the pool: on a busy host a statement may take longer than its connections allow.
    const client = await heldConnection(fleet.test);
    try {
      await client.query("SET session_replication_role = replica");
      for (const statement of [
        `INSERT INTO machines (machine_id, name, labels)
         SELECT md5(i::text)::uuid, 'm' || i, jsonb_build_object('rack', 'r' || i % 500, 'room', 'a' || i % 3)
         FROM generate_series(1, 100000) i`,
        `INSERT INTO machine_provided (machine_id, provider, provider_id, provider_location)
         SELECT machine_id, 'static', machine_id::text, 'hall ' || (labels ->> 'rack') FROM machines`,
        "INSERT INTO machine_agent_started (machine_id, agent_public_key) SELECT machine_id, decode(repeat('00', 32), 'hex') FROM machines",
        "INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket, agent_wanted) SELECT machine_id, now(), floor(extract(epoch FROM now()) / 300)::integer, false FROM machines",
        "INSERT INTO machine_os_installed (machine_id, generation) SELECT machine_id, 1 FROM machines",
        `INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by)
         SELECT machine_id, 1, 'success', 'agent' FROM machines`,
        `INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256, deadline_at, heard_at, heard_over, report)
         SELECT machine_id, 1, 900, sha256(convert_to(machine_id::text, 'UTF8')), now(), now(), 'tls', '{}' FROM machines`,
        `INSERT INTO machine_state (machine_id, state, provider, name, installation, requested_at)
         SELECT machine_id, 'installed', 'static', name, 'success', now() FROM machines`,
        `INSERT INTO machine_health (machine_id, rollup, failed, unread, events, read_at)
         SELECT machine_id, CASE WHEN machine_id < '00100000-0000-0000-0000-000000000000' THEN 'critical' ELSE 'ok' END,
           '{}', '{}', '[]', now() FROM machines`,
        `INSERT INTO machine_controller_contact (machine_id, contact_at, failed_at, failed_code, failed_cause)
         SELECT machine_id, now(), f.at, f.code, f.code
         FROM machines LEFT JOIN (SELECT now() AS at, 'busy' AS code) f ON machine_id < '00100000-0000-0000-0000-000000000000'`,
        "UPDATE machine_state SET state = 'agent-lost', candidate = 'ShepherdRecovery' WHERE machine_id < '00100000-0000-0000-0000-000000000000'",
        // As autovacuum leaves it: what counts by an index alone looks at no row.
        "VACUUM ANALYZE",
      ]) {
        await client.query(statement);
      }
    } finally {
      await client.end();
    }
    const recovery = { process: "ShepherdRecovery", provider: "static" } as const;
    const queries: Record<string, RawBuilder<unknown>> = {
      claim: sql`SELECT m.machine_id FROM ${candidates(recovery)} AND ${eligible(recovery)} LIMIT 10 FOR NO KEY UPDATE OF m SKIP LOCKED`,
      count: sql`SELECT count(*) FROM ${candidates(recovery)} AND ${eligible(recovery)}`,
      ...Object.fromEntries(
        Object.entries(statesOverdue).map(([name, overdue]) => [
          name,
          sql`${overdue} AND s.machine_id > '00000000-0000-0000-0000-000000000000' ORDER BY s.machine_id LIMIT 200`,
        ]),
      ),
      ...listQueries(),
      // These read an index from one end to the other: they count.
      groups: fleetGroupsQuery({ by: "provider" }),
      needs: fleetNeedsQuery,
      deadlines: sql`${deadlinesOverdue} ORDER BY s.machine_id LIMIT 200`,
      "came up": sql`${cameUpOverdue} ORDER BY c.deadline_at LIMIT 200`,
      ...Object.fromEntries(Object.entries(fleetCounts).map(([name, query]) => [`fleetSummary: ${name}`, query])),
    };
    for (const [name, query] of Object.entries(queries)) {
      const { rows } = await sql<{ "QUERY PLAN": string }>`EXPLAIN ${query}`.execute(fleet.database.kysely);
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      const scanned = plan.match(/Seq Scan on (?:machines|machine_\w+)/gu) ?? [];
      expect({ name, scanned, plan: scanned.length === 0 ? "" : plan }).toEqual({ name, scanned: [], plan: "" });
    }
    // An index that is read from one end to the other is a scan too: what they read is counted.
    for (const [name, query] of Object.entries(listQueries())) {
      const { rows } = await sql<{ "QUERY PLAN": [{ Plan: PlanNode }] }>`
        EXPLAIN (ANALYZE, FORMAT JSON) ${query}`.execute(fleet.database.kysely);
      const plan = rows[0]?.["QUERY PLAN"][0].Plan;
      expect({ name, read: plan === undefined || rowsRead(plan) > 20_000 ? plan : "few" }).toEqual({
        name,
        read: "few",
      });
    }
    expect(await eligibleCount(fleet.database, recovery)).toBe(0);
  }, 300_000);
});
