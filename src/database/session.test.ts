import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { heldConnection, silent, testFleet, type Fleet } from "../../test/support/fleet.ts";
import { recordingLog } from "../../test/support/recording-log.ts";
import { stallingProxy } from "../../test/support/stalling-proxy.ts";
import { waitFor } from "../../test/support/wait.ts";
import { systemClock } from "../lib/clock.ts";
import { connect } from "./connect.ts";
import type { SessionId } from "./ids.ts";
import { sessionsExpire } from "./queries/upkeep/sessions-expire.ts";
import { sessionHold } from "./session-holder.ts";
import { sessionIsLost, sessionPoke, sessionStart } from "./session.ts";
import { transact } from "./transaction.ts";
import { workClaim } from "./work.ts";

let fleet: Fleet;
let clock: FakeClock;
beforeEach(async () => {
  fleet = await testFleet();
  clock = new FakeClock();
});
afterEach(async () => await fleet[Symbol.asyncDispose]());

const options = (log = silent) => ({ component: "shepherd", log, clock });

/** Seconds until the deadline; undefined = there is no such session. */
async function left(id: SessionId): Promise<number | undefined> {
  const [row] = await fleet.rows<{ left: number }>(
    "SELECT extract(epoch FROM session_deadline - now())::float8 AS left FROM sessions WHERE session_id = $1",
    id,
  );
  return row?.left;
}

const setLeft = async (id: SessionId, seconds: number): Promise<void> => {
  await fleet.rows(
    "UPDATE sessions SET session_deadline = now() + make_interval(secs => $2) WHERE session_id = $1",
    id,
    seconds,
  );
};

describe("pokes", () => {
  test("come three times a lease and move the deadline", async () => {
    await using session = await sessionStart(fleet.database, options());
    for (let poke = 0; poke < 4; poke += 1) {
      await setLeft(session.id, 3);
      await clock.untilSleeping();
      await clock.advance(5_000);
      await waitFor("the deadline to move", async () => ((await left(session.id)) ?? 0) > 10);
      expect(session.lost.aborted).toBe(false);
    }
  });

  test("never revive an expired session: it is lost, and its row stays as it was", async () => {
    await using session = await sessionStart(fleet.database, options());
    await setLeft(session.id, -1);
    expect(await sessionPoke(fleet.database, session.id)).toBe("gone");
    await clock.untilSleeping();
    await clock.advance(5_000);
    await waitFor("the session to be lost", () => session.lost.aborted);
    expect(await left(session.id)).toBeLessThan(0);
  });

  test("that fail are only tried again: a session in its lease outlives hiccups, and not its lease", async () => {
    const { log, count } = recordingLog();
    await using session = await sessionStart(fleet.database, options(log));
    await using holder = await heldConnection(fleet.test);
    const hold = async (): Promise<void> => {
      await holder.query("BEGIN");
      await holder.query("SELECT FROM sessions WHERE session_id = $1 FOR UPDATE", [session.id]);
    };
    const failed = /poke failed/u;
    await hold();
    await clock.untilSleeping();
    await clock.advance(5_000);
    await waitFor("a poke to fail", () => count(failed) === 1);
    await clock.advance(3_000);
    await waitFor("a poke to fail again", () => count(failed) === 2);
    await holder.query("ROLLBACK");
    expect(session.lost.aborted).toBe(false);
    await setLeft(session.id, 3);
    await waitFor("a poke to succeed", async () => {
      await clock.advance(100);
      return ((await left(session.id)) ?? 0) > 10;
    });
    expect(session.lost.aborted).toBe(false);
    await hold();
    await waitFor("the session to be given up", async () => {
      await clock.advance(1_000);
      return session.lost.aborted;
    });
    await holder.query("ROLLBACK");
  });

  test("that get stuck on a connection do not keep the next one, over another, from saving the session", async () => {
    await using proxy = await stallingProxy(fleet.test);
    const database = connect(proxy.address, { log: silent });
    const session = await sessionStart(database, { ...options(), clock: systemClock, leaseSeconds: 9 });
    proxy.stall();
    // Poked at 3 s in vain, and at 6 s.
    await waitFor("the deadline to come near", async () => ((await left(session.id)) ?? 9) < 5.5, { intervalMs: 50 });
    await waitFor("the deadline to move", async () => ((await left(session.id)) ?? 0) > 6, { intervalMs: 50 });
    expect(session.lost.aborted).toBe(false);
    proxy.resume();
    await session[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test("that all get stuck: the session is given up when the database does, and pokes it no more", async () => {
    await using proxy = await stallingProxy(fleet.test);
    const database = connect(proxy.address, { log: silent, connections: 1 });
    const session = await sessionStart(database, { ...options(), clock: systemClock, leaseSeconds: 2 });
    proxy.stall();
    await waitFor("the session to be given up", () => session.lost.aborted, { timeoutMs: 60_000 });
    expect((await left(session.id)) ?? 0).toBeLessThan(0.5);
    proxy.resume();
    await session[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test("a session is lost when the database says so, or a lease after the last answer", () => {
    expect(sessionIsLost("gone", 0, 15)).toBe(true);
    expect(sessionIsLost("unknown", 14_999, 15)).toBe(false);
    expect(sessionIsLost("unknown", 15_000, 15)).toBe(true);
  });
});

describe("transactions", () => {
  test("of a session that is gone, or past its deadline, never commit", async () => {
    await using session = await sessionStart(fleet.database, options());
    const insert = () =>
      transact(fleet.database, session, async (tx) => {
        await tx.insertInto("machines").values({ name: "never" }).execute();
      });
    await setLeft(session.id, 0);
    await expect(insert()).rejects.toMatchObject({ code: "session_lost" });
    await fleet.rows("DELETE FROM sessions");
    await expect(insert()).rejects.toMatchObject({ code: "session_lost" });
    expect(await fleet.rows("SELECT FROM machines")).toEqual([]);
  });

  test("whose lease runs out on the way commit, and their session is not collected before", async () => {
    const machine = await fleet.add({ agent: false });
    await using session = await sessionStart(fleet.database, options());
    const [work] = await workClaim(fleet.database, session, { process: "ShepherdAgentStart", provider: "static" }, 1);
    await work?.finish(async (tx) => {
      await setLeft(session.id, -10);
      expect(await sessionsExpire(fleet.database, 10)).toEqual([]);
      expect(await fleet.rows("SELECT FROM work")).toHaveLength(1);
      await tx.updateTable("machines").set({ name: "committed" }).execute();
    });
    expect(await fleet.rows("SELECT name FROM machines")).toEqual([{ name: "committed" }]);
    expect(await sessionsExpire(fleet.database, 10)).toMatchObject([{ sessionId: session.id, work: [] }]);
    expect((await fleet.history(machine)).slice(1)).toEqual(["work_claimed", "work_finished"]);
  });

  test("that begin while their session is being collected find it gone", async () => {
    await using session = await sessionStart(fleet.database, options());
    await using janitor = await heldConnection(fleet.test);
    await janitor.query("BEGIN");
    await janitor.query("SELECT FROM sessions FOR UPDATE");
    let outcome = "waiting";
    const late = transact(fleet.database, session, () => Promise.resolve("committed")).then(
      (value) => (outcome = value),
      (error: unknown) => (outcome = String((error as { code?: unknown }).code)),
    );
    await waitFor("it to wait for the session's row", async () => {
      const waiting = await fleet.rows(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return waiting.length === 1;
    });
    expect(outcome).toBe("waiting");
    await janitor.query("DELETE FROM sessions");
    await janitor.query("COMMIT");
    await late;
    expect(outcome).toBe("session_lost");
  });
});

describe("expiry", () => {
  test("gives the work of each expired session back, one history entry each, whichever session collects", async () => {
    const machines = await Promise.all(Array.from({ length: 6 }, () => fleet.add({ agent: false })));
    const eligibility = { process: "ShepherdAgentStart", provider: "static" } as const;
    await using live = await sessionStart(fleet.database, options());
    await using dead = await sessionStart(fleet.database, options());
    await using idle = await sessionStart(fleet.database, options());
    const kept = await workClaim(fleet.database, live, eligibility, 2);
    const lost = await workClaim(fleet.database, dead, eligibility, 9);
    expect([kept.length, lost.length]).toEqual([2, 4]);
    await setLeft(dead.id, -1);
    await setLeft(idle.id, -1);
    const collected = (await Promise.all([0, 1, 2].map(() => sessionsExpire(fleet.database, 10)))).flat();
    expect(collected.map(({ sessionId }) => sessionId).toSorted()).toEqual([dead.id, idle.id].toSorted());
    expect(collected.flatMap(({ work }) => work)).toHaveLength(4);
    expect(await fleet.rows("SELECT session_id FROM sessions")).toEqual([{ session_id: live.id }]);
    expect(await fleet.rows("SELECT FROM work")).toHaveLength(2);
    expect(await fleet.rows("SELECT actor_kind, detail FROM history WHERE event = 'work_lost'")).toEqual(
      Array.from({ length: 4 }, () => ({
        actor_kind: "system",
        detail: { cause: "the session that held it expired" },
      })),
    );
    expect(await workClaim(fleet.database, live, eligibility, 9)).toHaveLength(4);
    expect(machines).toHaveLength(6);
  });

  test("takes as many at once as it is told, and none twice", async () => {
    await fleet.rows(
      `INSERT INTO sessions (session_component, session_runtime_info, session_interval_seconds, session_deadline)
       SELECT 'shepherd', 'test', 15, now() FROM generate_series(1, 25)`,
    );
    const rounds: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      rounds.push((await sessionsExpire(fleet.database, 10)).length);
    }
    expect(rounds).toEqual([10, 10, 5, 0]);
  });
});

describe("the holder", () => {
  test("opens a new session when one is lost, and has none meanwhile", async () => {
    await using holder = sessionHold(fleet.database, options());
    const first = await holder.next();
    expect(holder.current()).toBe(first);
    await fleet.rows("DELETE FROM sessions");
    await clock.untilSleeping();
    await clock.advance(5_000);
    await waitFor("the loss to be noticed", () => first.lost.aborted);
    const second = await waitFor("another session", () => (holder.current() === first ? undefined : holder.current()));
    expect(second.id).not.toBe(first.id);
    expect(await holder.next()).toBe(second);
    expect(await left(second.id)).toBeGreaterThan(10);
  });

  test("tries again while the database is away, and ends when told to, also then", async () => {
    const { log, count } = recordingLog();
    const away = connect({ host: "127.0.0.1", port: 1, user: "x", database: "x" }, { log });
    const holder = sessionHold(away, options(log));
    const waiting = holder.next();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const before = count(/no session could be started/u);
      await waitFor("a try to fail", async () => {
        await clock.advance(1_000);
        return count(/no session could be started/u) > before;
      });
      expect(holder.current()).toBeUndefined();
    }
    await holder[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow("stopping");
    await away[Symbol.asyncDispose]();
  });

  test("does not wait for the end of the lost one", async () => {
    await using database = connect(fleet.test.connection, { log: silent });
    // The end of the first waits for the lock as long as it is held.
    database.pool.on("connect", (client) => void client.query("SET lock_timeout = 0; SET statement_timeout = 0"));
    await using holder = sessionHold(database, options());
    const first = await holder.next();
    await using lock = await heldConnection(fleet.test);
    await lock.query("BEGIN");
    await lock.query("SELECT FROM sessions FOR UPDATE");
    await waitFor("the session to be given up", async () => {
      await clock.advance(1_000);
      return first.lost.aborted;
    });
    await waitFor("another session", () => holder.current() !== undefined);
    await lock.query("ROLLBACK");
  });

  test("its end deletes its session", async () => {
    const holder = sessionHold(fleet.database, options());
    await holder.next();
    expect(await fleet.rows("SELECT FROM sessions")).toHaveLength(1);
    await holder[Symbol.asyncDispose]();
    expect(await fleet.rows("SELECT FROM sessions")).toEqual([]);
    expect(holder.current()).toBeUndefined();
  });
});
