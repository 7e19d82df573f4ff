// Invariant 7 of the design: sessions that expire, are poked and collected while they claim and end work, all at once, on
// PostgreSQL itself. The history of each machine must read as if one session had held it after the other.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SessionId } from "../../src/database/ids.ts";
import { sessionsExpire } from "../../src/database/queries/upkeep/sessions-expire.ts";
import { sessionPoke, type Session } from "../../src/database/session.ts";
import { workClaim, type Work } from "../../src/database/work.ts";
import { testFleet, type Fleet } from "../support/fleet.ts";

// Invariant 7 of the design: sessions that expire, are poked and collected while they claim and end work, all at once, on
// PostgreSQL itself. The history of each machine must read as if one session had held it after the other.

type Op =
  | { op: "claim"; session: number; limit: number }
  | { op: "end"; session: number; how: "finish" | "fail" | "cancel" }
  | { op: "expire"; session: number }
  | { op: "poke"; session: number }
  | { op: "collect" };

const sessionCount = 4;
const provider = "static";
let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet({ connections: 12 });
});
afterAll(async () => await fleet[Symbol.asyncDispose]());

async function open(): Promise<Session> {
  const [row] = await fleet.rows<{ session_id: SessionId }>(
    `INSERT INTO sessions (session_component, session_runtime_info, session_interval_seconds, session_deadline)
     VALUES ('shepherd', 'test', 15, now() + interval '1 hour') RETURNING session_id`,
  );
  return {
    id: row?.session_id ?? ("" as SessionId),
    component: "shepherd",
    lost: new AbortController().signal,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const session = fc.nat({ max: sessionCount - 1 });
const operation: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant("claim"), session, limit: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant("end"), session, how: fc.constantFrom("finish", "fail", "cancel") }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom("expire", "poke"), session }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("collect") }) },
) as fc.Arbitrary<Op>;

/** What each machine's history must match: taken by one session, and ended by or for that one, before the next takes it. */
function expectOneAfterTheOther(rows: readonly { machine_id: string; event: string; session_id: string }[]): void {
  const holders = new Map<string, string>();
  for (const { machine_id: machine, event, session_id: by } of rows) {
    if (event === "work_claimed") {
      expect(holders.get(machine), "claimed while it was held").toBeUndefined();
      holders.set(machine, by);
    } else {
      expect(holders.get(machine), `${event} by another than its holder`).toBe(by);
      holders.delete(machine);
    }
  }
}

test("no two sessions hold a machine at once, and what an expired one does never commits", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(operation, { minLength: 1, maxLength: 6 }), { maxLength: 12 }),
      async (story) => {
        await fleet.rows("DELETE FROM work; DELETE FROM work_backoff; DELETE FROM sessions");
        await fleet.rows("DELETE FROM machine_provided");
        const machines = await Promise.all([0, 1, 2].map(() => fleet.add({ agent: false })));
        const sessions = await Promise.all(Array.from({ length: sessionCount }, open));
        const held = sessions.map((): Work[] => []);
        let finished = 0;
        const expired = new Set<number>();
        for (const ops of story) {
          const dead = new Set(expired);
          const run = async (op: Op): Promise<void> => {
            if (op.op === "collect") {
              await sessionsExpire(fleet.database, 10);
              return;
            }
            const own = sessions[op.session];
            const works = held[op.session];
            if (own === undefined || works === undefined) {
              return;
            }
            if (op.op === "expire") {
              expired.add(op.session);
              // The least: a later now() would let it live on for a moment.
              await fleet.rows(
                "UPDATE sessions SET session_deadline = least(session_deadline, now()) WHERE session_id = $1",
                own.id,
              );
              return;
            }
            if (op.op === "poke") {
              const answer = await sessionPoke(fleet.database, own.id);
              expect(dead.has(op.session) && answer === "alive", "a poke revived a session").toBe(false);
              return;
            }
            try {
              if (op.op === "claim") {
                works.push(
                  ...(await workClaim(fleet.database, own, { process: "ShepherdAgentStart", provider }, op.limit)),
                );
                expect(dead.has(op.session)).toBe(false);
                return;
              }
              const work = works.shift();
              if (work !== undefined) {
                await (op.how === "finish"
                  ? work.finish()
                  : op.how === "fail"
                    ? work.fail({}, "test")
                    : work.cancel("test"));
                finished += 1;
                expect(dead.has(op.session)).toBe(false);
              }
            } catch (error) {
              // Only a session that is expired, or expires in this very round, may be refused.
              expect(error).toMatchObject({ code: "session_lost" });
              expect(expired.has(op.session) || ops.some((other) => other.op === "expire")).toBe(true);
            }
          };
          await Promise.all(ops.map(run));
          await fleet.rows("UPDATE work_backoff SET backoff_until = now()");
        }
        await sessionsExpire(fleet.database, 10);
        const rows = await fleet.rows<{ machine_id: string; event: string; session_id: string }>(
          `SELECT machine_id, event, session_id FROM history
         WHERE machine_id = ANY ($1::uuid[]) AND event LIKE 'work%' ORDER BY id`,
          machines.map(({ machineId }) => machineId),
        );
        expectOneAfterTheOther(rows);
        expect(rows.filter(({ event }) => event !== "work_claimed" && event !== "work_lost")).toHaveLength(finished);
        // What is held is held by sessions that live.
        const stray = await fleet.rows(
          "SELECT FROM work w JOIN sessions s USING (session_id) WHERE s.session_deadline <= now()",
        );
        expect(stray).toEqual([]);
      },
    ),
    { numRuns: 200, endOnFailure: true },
  );
}, 300_000);
