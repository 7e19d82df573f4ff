import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silent, testFleet, type Fleet, type TestMachine } from "../../test/support/fleet.ts";
import { systemClock } from "../lib/clock.ts";
import type { Eligibility } from "./eligibility.ts";
import type { Process } from "./ids.ts";
import { sessionsExpire } from "./queries/upkeep/sessions-expire.ts";
import { sessionStart, type Session } from "./session.ts";
import { transact } from "./transaction.ts";
import { workClaim, workInsert, workPick } from "./work.ts";

let fleet: Fleet;
let sessions: AsyncDisposableStack;
beforeEach(async () => {
  fleet = await testFleet({ connections: 20 });
  sessions = new AsyncDisposableStack();
});
afterEach(async () => {
  await sessions.disposeAsync();
  await fleet[Symbol.asyncDispose]();
});

const start: Eligibility = { process: "ShepherdAgentStart", provider: "static" };
const recovery: Eligibility = { process: "ShepherdRecovery", provider: "static" };

async function session(): Promise<Session> {
  return sessions.use(await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock }));
}

/** History from the machine's adding on. */
async function told(machine: TestMachine): Promise<string[]> {
  return (await fleet.history(machine)).filter((line) => line.startsWith("work_"));
}

async function addMany(count: number): Promise<TestMachine[]> {
  return Promise.all(Array.from({ length: count }, () => fleet.add({ agent: false })));
}

async function one(eligibility: Eligibility = start) {
  const owner = await session();
  const [work] = await workClaim(fleet.database, owner, eligibility, 1);
  if (work === undefined) {
    throw new Error("nothing was claimed");
  }
  return { owner, work };
}

describe("exclusivity", () => {
  test("what one session holds no other gets, nor it itself again", async () => {
    await addMany(3);
    const [first, second] = [await session(), await session()];
    expect(await workClaim(fleet.database, first, start, 2)).toHaveLength(2);
    expect(await workClaim(fleet.database, second, start, 9)).toHaveLength(1);
    expect(await workClaim(fleet.database, first, start, 9)).toEqual([]);
  });

  test("three workers on six machines: each machine once, every worker some", async () => {
    const machines = await addMany(6);
    const handled: string[][] = await Promise.all(
      [0, 1, 2].map(async () => {
        const owner = await session();
        const own: string[] = [];
        for (;;) {
          const [work] = await workClaim(fleet.database, owner, start, 1);
          if (work === undefined) {
            return own;
          }
          own.push(work.machineId);
          await work.finish(async (tx) => {
            await tx
              .insertInto("machine_agent_started")
              .values({ machine_id: work.machineId, agent_public_key: Buffer.alloc(32) })
              .execute();
          });
        }
      }),
    );
    expect(handled.flat().toSorted()).toEqual(machines.map(({ machineId }) => machineId).toSorted());
    for (const machine of machines) {
      expect(await told(machine)).toEqual(["work_claimed", "work_finished"]);
    }
  });

  test("eight claimers at once, over and over: nothing is handed out twice", async () => {
    await addMany(40);
    const owners = await Promise.all(Array.from({ length: 8 }, () => session()));
    const taken: string[] = [];
    for (let round = 0; taken.length < 40 && round < 100; round += 1) {
      const claims = await Promise.all(owners.map((owner) => workClaim(fleet.database, owner, start, 2)));
      taken.push(...claims.flat().map(({ machineId }) => machineId));
    }
    expect(taken).toHaveLength(40);
    expect(new Set(taken).size).toBe(40);
    expect(await fleet.rows("SELECT FROM history WHERE event = 'work_claimed'")).toHaveLength(40);
  });

  test("two processes that exclude each other, the one paused between pick and insert: one is handed out", async () => {
    // A machine is for agent start or for recovery, never for both: the test moves it from the one to the other.
    for (const paused of [start, recovery]) {
      const other = paused === start ? recovery : start;
      const [machine] = await addMany(1);
      if (machine === undefined) {
        throw new Error("unreachable");
      }
      const move = async (to: Eligibility): Promise<void> => {
        await fleet.rows("DELETE FROM machine_agent_started WHERE machine_id = $1", machine.machineId);
        if (to === recovery) {
          await fleet.rows(
            "INSERT INTO machine_agent_started VALUES ($1, now() - interval '1 day', $2)",
            machine.machineId,
            Buffer.alloc(32),
          );
        }
      };
      await fleet.rows(
        `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
         VALUES ('server', 'test', now() - interval '1 day', 15, now() + interval '1 hour')`,
      );
      await move(paused);
      const [first, second] = [await session(), await session()];
      const picked = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      const late = transact(fleet.database, first, async (tx) => {
        const ids = await workPick(tx, paused, 9);
        expect(ids).toEqual([machine.machineId]);
        picked.resolve();
        await go.promise;
        return workInsert(tx, first, paused, ids);
      });
      await picked.promise;
      await move(other);
      // The session that picked the machine has locked its row: others skip it and don't wait.
      expect(await workClaim(fleet.database, second, other, 9)).toEqual([]);
      go.resolve();
      expect(await late).toEqual([]);
      const claimed = await workClaim(fleet.database, second, other, 9);
      expect(claimed.map(({ process }) => process)).toEqual([other.process]);
      await move(paused);
      expect(await workClaim(fleet.database, first, paused, 9)).toEqual([]);
      await claimed[0]?.finish();
      await move(other);
      await fleet.rows("DELETE FROM machine_provided WHERE machine_id = $1", machine.machineId);
    }
  });

  test("the same, the insert without the pick's lock: the predicate asked again refuses what was taken meanwhile", async () => {
    const [machine] = await addMany(1);
    const [first, second] = [await session(), await session()];
    const ids = await transact(fleet.database, null, (tx) => workPick(tx, start, 9));
    expect(ids).toEqual([machine?.machineId]);
    const taken = await transact(fleet.database, first, (tx) => workInsert(tx, first, start, ids));
    expect(taken).toEqual(ids);
    expect(await transact(fleet.database, second, (tx) => workInsert(tx, second, start, ids))).toEqual([]);
  });
});

describe("ends", () => {
  const backoff = async (process: Process = "ShepherdAgentStart") =>
    fleet.rows<{ seconds: bigint; wait: number; cause: string }>(
      `SELECT last_interval_seconds AS seconds, extract(epoch FROM backoff_until - now())::float8 AS wait, cause
       FROM work_backoff WHERE process = $1`,
      process,
    );
  const held = async () => fleet.rows("SELECT process FROM work");

  test("finish commits the tags and clears the backoff", async () => {
    const machine = await fleet.add({ agent: false });
    const failed = await one();
    await failed.work.fail({ initial: 60 }, "no");
    await fleet.rows("UPDATE work_backoff SET backoff_until = now()");
    const { work } = await one();
    await work.finish(async (tx) => {
      await tx.updateTable("machines").set({ name: "done" }).where("machine_id", "=", work.machineId).execute();
    });
    expect(await fleet.rows("SELECT name FROM machines")).toEqual([{ name: "done" }]);
    expect(await backoff()).toEqual([]);
    expect(await held()).toEqual([]);
    expect(await told(machine)).toEqual(["work_claimed", "work_failed", "work_claimed", "work_finished"]);
  });

  test("fail backs off, longer each time, from the interval without the jitter", async () => {
    await fleet.add({ agent: false });
    const policy = { initial: 60, exponent: 2, maximum: 200 };
    for (const expected of [60, 120, 200, 200]) {
      const { work, owner } = await one();
      await work.fail(policy, `cause ${expected}`);
      const [row] = await backoff();
      expect(row).toMatchObject({ seconds: BigInt(expected), cause: `cause ${expected}` });
      expect(row?.wait).toBeGreaterThan(expected - 5);
      expect(row?.wait).toBeLessThan(expected * 1.1 + 1);
      expect(await workClaim(fleet.database, owner, start, 1)).toEqual([]);
      await fleet.rows("UPDATE work_backoff SET backoff_until = now()");
    }
  });

  test("cancel leaves all as if it had not been taken", async () => {
    const machine = await fleet.add({ agent: false });
    const { work } = await one();
    await work.cancel("changed our minds");
    expect(await backoff()).toEqual([]);
    expect(await told(machine)).toEqual(["work_claimed", "work_cancelled"]);
    await one();
  });

  test("each only once, and not by a session that does not hold it", async () => {
    await fleet.add({ agent: false });
    const { work } = await one();
    await work.finish();
    await expect(work.finish()).rejects.toMatchObject({ code: "not_found" });
    await expect(work.fail({}, "x")).rejects.toMatchObject({ code: "not_found" });
    await expect(work.cancel("x")).rejects.toMatchObject({ code: "not_found" });
    await one();
    await expect(work.finish()).rejects.toMatchObject({ code: "not_found" });
    expect(await held()).toHaveLength(1);
  });

  test("the history names session, process and component", async () => {
    await fleet.add({ agent: false });
    const { work, owner } = await one();
    await work.fail({ initial: 3 }, "why");
    expect(
      await fleet.rows(
        "SELECT actor_kind, actor, session_id, process, detail FROM history WHERE event = 'work_failed'",
      ),
    ).toEqual([
      {
        actor_kind: "component",
        actor: "shepherd",
        session_id: owner.id,
        process: "ShepherdAgentStart",
        detail: { cause: "why", backoffSeconds: 3 },
      },
    ]);
  });

  test("a failed commit leaves the work retryable: neither done nor locked", async () => {
    const machine = await fleet.add({ agent: false });
    // Fails at the commit itself, after all statements went well.
    await fleet.rows(
      `CREATE FUNCTION test_fail() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full'; END $$`,
    );
    await fleet.rows(
      `CREATE CONSTRAINT TRIGGER test_fail AFTER UPDATE ON machines DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION test_fail()`,
    );
    const { work, owner } = await one();
    const tags = work.finish(async (tx) => {
      await tx.updateTable("machines").set({ name: "half" }).where("machine_id", "=", work.machineId).execute();
    });
    await expect(tags).rejects.toThrow("the disk of the database is full");
    expect(await fleet.rows("SELECT name FROM machines")).toEqual([{ name: null }]);
    expect(await told(machine)).toEqual(["work_claimed"]);
    expect(await held()).toHaveLength(1);
    await work.fail({ initial: 60 }, "the commit failed");
    expect(await held()).toEqual([]);
    await fleet.rows("UPDATE work_backoff SET backoff_until = now()");
    const [again] = await workClaim(fleet.database, owner, start, 1);
    await again?.finish();
    expect(await told(machine)).toEqual(["work_claimed", "work_failed", "work_claimed", "work_finished"]);
  });

  test("an error of the tags takes all back; serialization failures are tried again", async () => {
    await fleet.add({ agent: false });
    const { work } = await one();
    await expect(work.finish(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await held()).toHaveLength(1);
    let tries = 0;
    await work.finish(() => {
      tries += 1;
      return tries < 3 ? Promise.reject(Object.assign(new Error("again"), { code: "40001" })) : Promise.resolve();
    });
    expect(tries).toBe(3);
    expect(await held()).toEqual([]);
  });

  test("by an expired session never; the machine is another's then", async () => {
    const machine = await fleet.add({ agent: false });
    const { work, owner } = await one();
    await fleet.rows("UPDATE sessions SET session_deadline = now() WHERE session_id = $1", owner.id);
    await expect(work.finish()).rejects.toMatchObject({ code: "session_lost" });
    expect(await sessionsExpire(fleet.database, 10)).toMatchObject([{ work: [{ machineId: machine.machineId }] }]);
    await expect(work.finish()).rejects.toMatchObject({ code: "session_lost" });
    const next = await one();
    await next.work.finish();
    expect(await told(machine)).toEqual(["work_claimed", "work_lost", "work_claimed", "work_finished"]);
  });

  test("a session that ends by itself gives its work back", async () => {
    const machine = await fleet.add({ agent: false });
    const { owner } = await one();
    await owner[Symbol.asyncDispose]();
    expect(await held()).toEqual([]);
    expect(await told(machine)).toEqual(["work_claimed", "work_cancelled"]);
  });
});
