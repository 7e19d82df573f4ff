// Invariants 1 to 4, 7 and 10 of the design: operators, agents and expiring sessions at work on a machine at once, on
// PostgreSQL itself. After each round of things done side by side there must be an order in which a simple model, one thing
// at a time, gives the same answers and the same state.
import fc from "fast-check";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestProblem } from "../../src/contract/request-problem.ts";
import { keyIdentity } from "../../src/database/heartbeat/key-identity.ts";
import { heartbeats, type Heartbeats } from "../../src/database/heartbeat/heartbeats.ts";
import { agentKey, type SessionId } from "../../src/database/ids.ts";
import { progressRecord, type Phase } from "../../src/database/queries/installation/progress.ts";
import { agentRegister } from "../../src/database/queries/agent/agent.ts";
import { sessionsExpire } from "../../src/database/queries/upkeep/sessions-expire.ts";
import type { Session } from "../../src/database/session.ts";
import { command, operator, silent, testFleet, type Fleet, type TestMachine } from "../support/fleet.ts";
import { inWords } from "../support/heartbeats.ts";
import { emptyModel, explanations, summary, type Model, type Op } from "./installation-model.ts";

const keys = [0, 1, 2].map((index) => agentKey(createHash("sha256").update(`key ${index}`).digest()));
const runs = [0, 1, 2, 3, 4].map((index) => createHash("sha256").update(`run ${index}`).digest().subarray(0, 16));
const uuid = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;

let fleet: Fleet;
let queue: Heartbeats;
let session: Session;
beforeAll(async () => {
  fleet = await testFleet({ connections: 12 });
  queue = heartbeats({
    address: fleet.test.connection,
    sessions: {
      current: () => session,
      next: () => Promise.resolve(session),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    log: silent,
    requestProblem,
    meter: { batch: () => undefined, single: () => undefined },
  });
});
afterAll(async () => {
  await queue[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

/** A server that has been there for long: only then is who says nothing silent, and not only unheard. */
async function sessionRenew(): Promise<void> {
  const [row] = await fleet.rows<{ session_id: SessionId }>(
    `INSERT INTO sessions
       (session_component, session_runtime_info, session_interval_seconds, session_created_at, session_deadline)
     VALUES ('server', 'test', 15, now() - interval '1 hour', now() + interval '1 hour') RETURNING session_id`,
  );
  session = {
    id: row?.session_id ?? ("" as SessionId),
    component: "server",
    lost: new AbortController().signal,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const index = (length: number): fc.Arbitrary<number> => fc.nat({ max: length - 1 });
const generation = fc.nat({ max: 8 });
/** Half of the time. */
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });
/** Without the properties that are undefined. */
const defined = (op: Record<string, unknown>): Op =>
  Object.fromEntries(Object.entries(op).filter(([, value]) => value !== undefined)) as unknown as Op;

const operation: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        op: fc.constant("request"),
        requestId: index(12),
        body: index(2),
        replace: maybe(fc.integer({ min: 1, max: 8 })),
        generation: fc.oneof(
          { weight: 4, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 8 }) },
        ),
      })
      .map(defined),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ op: fc.constant("cancel"), requestId: index(12), body: index(2), generation: maybe(generation) })
      .map(defined),
  },
  {
    weight: 9,
    arbitrary: fc
      .record({
        op: fc.constant("heartbeat"),
        // Mostly the key that is bound most of the time.
        key: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: index(keys.length) }),
        run: maybe(index(runs.length)),
        report: maybe(
          fc
            .record({
              generation,
              result: fc.constantFrom("success", "error"),
              run: fc.option(index(runs.length), { nil: undefined, freq: 1 }),
            })
            .map((report) => (report.run === undefined ? { ...report, run: undefined } : report)),
        ),
        ended: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: index(runs.length) }),
      })
      .map(defined),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        op: fc.constant("progress"),
        key: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: index(keys.length) }),
        run: index(runs.length),
        generation,
        phase: fc.constantFrom<Phase>("selecting-disk", "writing", "verifying"),
      })
      .map(defined),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("rekey"), key: fc.oneof(fc.constant(0), index(keys.length)) }).map(defined),
  },
  { weight: 1, arbitrary: fc.constant<Op>({ op: "silence" }) },
  { weight: 1, arbitrary: fc.constant<Op>({ op: "expire" }) },
);

/** Waited longer for its machine than it may (lock_timeout), as on a busy host: nothing of it happened. */
const tooLate = "too late";

async function carryOut(machine: TestMachine, op: Op): Promise<string> {
  try {
    switch (op.op) {
      case "request":
      case "cancel": {
        const { requestId, ...body } = op;
        const repeat = { requestId: uuid(requestId), body: JSON.stringify(body) };
        const wanted = op.generation === undefined ? {} : { generation: BigInt(op.generation) };
        if (op.op === "cancel") {
          return `generation ${await fleet.cancel(machine, { ...repeat, ...wanted })}`;
        }
        const replace = op.replace === undefined ? {} : { replace: BigInt(op.replace) };
        return `generation ${await fleet.request(machine, { ...repeat, ...wanted, ...replace })}`;
      }
      case "heartbeat": {
        const publicKey = keys[op.key] ?? agentKey(Buffer.alloc(32));
        const run = op.run === undefined ? undefined : runs[op.run];
        const { report } = op;
        const reportedRun = report?.run === undefined ? undefined : runs[report.run];
        const endedRun = op.ended === undefined ? undefined : runs[op.ended];
        const outcome = await queue.submit(
          {
            machineId: machine.machineId,
            publicKey,
            ...(run === undefined ? {} : { runId: run }),
            ...(report === undefined
              ? {}
              : {
                  report: {
                    generation: BigInt(report.generation),
                    result: report.result,
                    raw: Buffer.from("raw"),
                    ...(reportedRun === undefined ? {} : { runId: reportedRun }),
                  },
                }),
            ...(endedRun === undefined ? {} : { endedRunId: endedRun }),
          },
          keyIdentity(publicKey),
        );
        return inWords(outcome);
      }
      case "progress": {
        const outcome = await progressRecord(fleet.database, session, {
          machineId: machine.machineId,
          publicKey: keys[op.key] ?? agentKey(Buffer.alloc(32)),
          run: runs[op.run] ?? Buffer.alloc(16),
          generation: BigInt(op.generation),
          phase: op.phase,
          bytesDone: 0n,
          bytesTotal: 0n,
          detail: "",
        });
        if (outcome.status !== "ok") {
          return outcome.status;
        }
        return outcome.cancelledGeneration === undefined ? "ok" : `ok cancelled ${outcome.cancelledGeneration}`;
      }
      case "rekey":
        await agentRegister(fleet.database, {
          ...command(machine, "agent_register"),
          publicKey: keys[op.key] ?? agentKey(Buffer.alloc(32)),
          replace: true,
          actor: operator,
        });
        return "ok";
      case "silence":
        await fleet.rows(
          `WITH older AS (UPDATE sessions SET session_created_at = session_created_at - interval '91 seconds')
           UPDATE machine_os_installation_writer SET heard_at = heard_at - interval '91 seconds' WHERE machine_id = $1`,
          machine.machineId,
        );
        return "ok";
      case "expire":
        await fleet.rows(
          "UPDATE sessions SET session_deadline = least(session_deadline, now()) WHERE session_id = $1",
          session.id,
        );
        await sessionsExpire(fleet.database, 10);
        return "ok";
    }
  } catch (error) {
    const { code, name } = error as { code?: unknown; name?: unknown };
    // lock_not_available, and what it is translated to: rolled back. What expires a session is two statements.
    if ((code === "55P03" || code === "busy") && op.op !== "expire") {
      return tooLate;
    }
    if (name !== "DatabaseError") {
      throw error;
    }
    return String(code);
  }
}

/** What the model's summary says, read from the database. */
async function observed(machine: TestMachine): Promise<Record<string, unknown>> {
  const [row] = await fleet.rows<Record<string, unknown>>(
    `SELECT s.agent_public_key AS key, m.last_generation::integer AS last, coalesce(q.generation, 0)::integer AS asked,
       coalesce(r.generation || ' ' || r.result || ' ' || r.reported_by, 'none') AS report,
       coalesce(d.generation, 0)::integer AS installed,
       ARRAY(SELECT jsonb_build_object('run', encode(u.run, 'hex'), 'counted', u.counted, 'replaced', u.replaced_at IS NOT NULL)
             FROM machine_os_installation_run u
             WHERE u.machine_id = m.machine_id AND u.generation = q.generation) AS runs,
       w.generation AS writer_generation, w.run AS writer_run,
       installation_pending(q.generation, r.generation) AND w.generation = q.generation
         AND w.heard_at < now() - interval '90 seconds' AS writer_silent, coalesce(b.generation, 0)::integer AS begun,
       ARRAY(SELECT concat_ws(' ', h.event, h.generation, CASE WHEN h.event LIKE 'report%' THEN h.detail ->> 'result' END)
             FROM history h WHERE h.machine_id = m.machine_id) AS history
     FROM machines m LEFT JOIN machine_agent_started s USING (machine_id)
     LEFT JOIN machine_os_installation_request q USING (machine_id)
     LEFT JOIN machine_os_installation_report r USING (machine_id) LEFT JOIN machine_os_installed d USING (machine_id)
     LEFT JOIN machine_os_installation_writer w USING (machine_id) LEFT JOIN machine_disk_begun b USING (machine_id)
     WHERE machine_id = $1`,
    machine.machineId,
  );
  const found = row as {
    key: Buffer;
    runs: { run: string; counted: boolean; replaced: boolean }[];
    writer_generation: bigint | null;
    writer_run: Buffer | null;
    writer_silent: boolean | null;
    history: string[];
  } & Record<string, unknown>;
  const name = (run: Buffer): string =>
    run.length === 16
      ? `run ${runs.findIndex((known) => run.equals(known))}`
      : `key ${keys.findIndex((known) => run.equals(known))}`;
  return {
    ...found,
    key: keys.findIndex((key) => found.key.equals(key)),
    runs: found.runs
      .map(
        ({ run, counted, replaced }) =>
          `${name(Buffer.from(run, "hex"))}${counted ? "" : " uncounted"}${replaced ? " replaced" : ""}`,
      )
      .toSorted(),
    writer:
      found.writer_run === null
        ? "none"
        : `${found.writer_generation ?? 0} ${name(found.writer_run)}${found.writer_silent === true ? " silent" : ""}`,
    // Who called twice is a matter of the order of heartbeats that take no lock.
    history: found.history
      .filter((line) => !/^(?:machine_added|agent_registered|agent_duplicate)/u.test(line))
      .toSorted(),
  };
}

/** Machines whose stored state differs from the definition's. */
const wrongStates = `
  SELECT s.machine_id, s.state, n.state AS should FROM machine_state s CROSS JOIN LATERAL machine_state_now(s.machine_id) n
  WHERE s.machine_id = $1 AND (s.state, s.not_before, s.candidate, s.provider)
    IS DISTINCT FROM (n.state, n.not_before, n.candidate, n.provider)`;

test("X1: whatever happens to a machine at once, it is as if one thing had happened after the other", async () => {
  let rounds = 0;
  // Rounds with something in them that waited too long; a heartbeat is then unavailable.
  let late = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), { maxLength: 14 }),
      async (story) => {
        const machine = await fleet.add({ agent: false });
        await agentRegister(fleet.database, {
          ...command(machine, "agent_register"),
          publicKey: keys[0] ?? agentKey(Buffer.alloc(32)),
          replace: false,
          actor: operator,
        });
        await sessionRenew();
        let model: Model = structuredClone(emptyModel);
        for (const ops of story) {
          rounds += 1;
          const answers = await Promise.all(ops.map((op) => carryOut(machine, op)));
          const seen = await observed(machine);
          const possible = explanations(model, ops, answers);
          const isSeen = (one: Model): boolean => JSON.stringify(summary(one)) === JSON.stringify(sorted(seen));
          let match = possible.find(isSeen);
          const inTime = ops.map((op, number) => answers[number] !== (op.op === "heartbeat" ? "unavailable" : tooLate));
          if (match === undefined && inTime.includes(false)) {
            const those = <T>(all: readonly T[]): T[] => all.filter((_one, number) => inTime[number]);
            match = explanations(model, those(ops), those(answers)).find(isSeen);
            late += 1;
          }
          if (match === undefined) {
            const what = ops.map((op, number) => `${JSON.stringify(op)} -> ${answers[number] ?? ""}`).join("\n");
            // For the message: the first of what would have been possible, if anything was.
            expect(seen, `no order explains\n${what}\nfrom ${JSON.stringify(model)}`).toEqual(
              possible[0] === undefined ? "another answer" : summary(possible[0]),
            );
          }
          model = match ?? model;
          expect(
            await fleet.rows(wrongStates, machine.machineId),
            `the stored state is wrong after ${JSON.stringify(ops)} -> ${JSON.stringify(answers)}`,
          ).toEqual([]);
          if (!model.alive) {
            await sessionRenew();
            model.alive = true;
          }
        }
      },
    ),
    { numRuns: 300, endOnFailure: true },
  );
  expect(rounds).toBeGreaterThanOrEqual(300);
  expect(late).toBeLessThan(rounds / 20);
}, 300_000);

/** In the order that the model's summary has. */
function sorted(seen: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(summary(emptyModel)).map((name) => [name, seen[name]]));
}
