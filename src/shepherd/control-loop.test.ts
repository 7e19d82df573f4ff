import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { silent } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { DatabaseError } from "../database/errors.ts";
import { machineId, sessionId } from "../database/ids.ts";
import type { Session } from "../database/session.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Work } from "../database/work.ts";
import { controlLoop, type ControlProcess, type ControlTurn } from "./control-loop.ts";

function fakeSession(): Session & { lose(): void } {
  const lost = new AbortController();
  return {
    id: sessionId(randomUUID()),
    component: "shepherd",
    lost: lost.signal,
    lose: () => lost.abort(new Error("lost")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Runs the loop over fake machines and records its results. */
function setUp(
  process: Partial<ControlProcess>,
  options: { machines?: number; parallelism?: number; perSecond?: number; work?: Partial<Work> } = {},
) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const turns: ControlTurn[] = [];
  const ends: string[] = [];
  let session = fakeSession();
  const holder: SessionHolder = {
    current: () => session,
    next: () => Promise.resolve(session),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  let left = options.machines ?? 0;
  const work = (): Work => ({
    machineId: machineId(randomUUID()),
    process: "ShepherdRecovery",
    finish: () => Promise.resolve(void ends.push("finished")),
    fail: (_policy, cause) => Promise.resolve(void ends.push(`failed: ${cause}`)),
    cancel: () => Promise.resolve(void ends.push("cancelled")),
    ...options.work,
  });
  const loop = controlLoop(
    {
      name: "test",
      backoff: { initial: 60 },
      claim: (_session, limit) => {
        const count = Math.min(left, limit);
        left -= count;
        return Promise.resolve(Array.from({ length: count }, work));
      },
      process: () => Promise.resolve({ outcome: "finish" }),
      ...process,
    },
    {
      sessions: holder,
      log: silent,
      clock,
      signal: stop.signal,
      interval: 10_000,
      parallelism: options.parallelism ?? 4,
      perSecond: options.perSecond ?? 1,
      turned: (turn) => void turns.push(turn),
    },
  );
  return {
    clock,
    turns,
    ends,
    /** The first turn that claimed a machine. */
    told: () => turns.find(({ claimed }) => claimed > 0),
    left: () => left,
    renew: () => {
      session.lose();
      session = fakeSession();
    },
    end: async () => {
      stop.abort(new Error("the test is over"));
      await loop;
    },
  };
}

describe("the loop", () => {
  test("works on a maximum number at once, and a maximum number a second in the long run", async () => {
    let atOnce = 0;
    let most = 0;
    const it = setUp(
      {
        process: async () => {
          atOnce += 1;
          most = Math.max(most, atOnce);
          await new Promise((resolve) => setImmediate(resolve));
          atOnce -= 1;
          return { outcome: "finish" };
        },
      },
      { machines: 100, parallelism: 4, perSecond: 1 },
    );
    await waitFor("the first four", () => it.ends.length === 4);
    await it.clock.untilSleeping();
    expect(most).toBe(4);
    await it.clock.advance(10_000);
    await waitFor("the next four", () => it.ends.length === 8);
    expect(most).toBe(4);
    await it.end();
    expect(it.left()).toBe(92);
  });

  test("waits while there is nothing to take, and stops when told to", async () => {
    const it = setUp({});
    for (let turn = 1; turn < 4; turn += 1) {
      await waitFor("a turn", () => it.turns.length === turn);
      await it.clock.untilSleeping();
      await it.clock.advance(10_000);
    }
    await it.end();
    expect(it.turns[0]).toEqual({ claimed: 0, finished: 0, failed: 0, dropped: 0 });
    expect(it.clock.sleepers).toBe(0);
  });

  test("outlives a failing claim", async () => {
    let claims = 0;
    const it = setUp({
      claim: () => {
        claims += 1;
        return Promise.reject(new DatabaseError("unavailable", "away"));
      },
    });
    await waitFor("a claim", () => claims === 1);
    await it.clock.untilSleeping();
    await it.clock.advance(10_000);
    await waitFor("another claim", () => claims === 2);
    await it.end();
  });

  test("a machine whose process fails, or throws, backs off; the others are finished", async () => {
    let calls = 0;
    const it = setUp(
      {
        process: () => {
          calls += 1;
          return calls === 1
            ? Promise.reject(new Error("no power"))
            : Promise.resolve(calls === 2 ? { outcome: "fail", cause: "no disk" } : { outcome: "finish" });
        },
      },
      { machines: 3 },
    );
    await waitFor("all three", () => it.ends.length === 3);
    await waitFor("the turn", () => it.told() !== undefined);
    await it.end();
    expect(it.ends.toSorted()).toEqual(["failed: no disk", "failed: no power", "finished"]);
    expect(it.told()).toEqual({ claimed: 3, finished: 1, failed: 2, dropped: 0 });
  });

  test("a lost session's work is dropped: its process is told, and its end, refused, is not tried again", async () => {
    let told = false;
    let begun = false;
    const it = setUp(
      {
        process: (_work, _session, signal) =>
          new Promise((_resolve, reject) => {
            begun = true;
            signal.addEventListener("abort", () => {
              told = true;
              reject(signal.reason as Error);
            });
          }),
      },
      { machines: 1, work: { fail: () => Promise.reject(new DatabaseError("session_lost", "gone")) } },
    );
    await waitFor("the process to begin", () => begun);
    it.renew();
    await waitFor("the turn", () => it.told() !== undefined);
    expect(told).toBe(true);
    expect(it.told()).toEqual({ claimed: 1, finished: 0, failed: 0, dropped: 1 });
    await it.end();
  });

  test("a machine that takes long holds up no other", async () => {
    const slow = Promise.withResolvers<undefined>();
    let calls = 0;
    const it = setUp(
      {
        process: async () => {
          calls += 1;
          if (calls === 1) {
            await slow.promise;
          }
          return { outcome: "finish" };
        },
      },
      { machines: 9, parallelism: 2, perSecond: 100 },
    );
    await waitFor("the others", async () => {
      await it.clock.advance(1_000);
      return it.ends.length === 8;
    });
    slow.resolve(undefined);
    await waitFor("the slow one", () => it.ends.length === 9);
    await it.end();
  });

  test("what is under way when the loop stops is given back without a backoff", async () => {
    let begun = false;
    const it = setUp(
      {
        process: (_work, _session, signal) =>
          new Promise((_resolve, reject) => {
            begun = true;
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          }),
      },
      { machines: 1 },
    );
    await waitFor("the process to begin", () => begun);
    await it.end();
    expect(it.ends).toEqual(["cancelled"]);
  });

  test("an end that does not commit is given back as failed, however long that takes", async () => {
    const causes: string[] = [];
    const it = setUp(
      {},
      {
        machines: 1,
        work: {
          finish: () => Promise.reject(new Error("the disk is full")),
          fail: (_policy, cause, tags) => {
            causes.push(cause);
            expect(tags).toBeUndefined();
            return causes.length < 4 ? Promise.reject(new DatabaseError("unavailable", "away")) : Promise.resolve();
          },
        },
      },
    );
    await waitFor("the work to be given back", async () => {
      await it.clock.advance(1_000);
      return it.told() !== undefined;
    });
    expect(causes).toEqual(Array.from({ length: 4 }, () => "its end could not be committed: the disk is full"));
    expect(it.told()).toEqual({ claimed: 1, finished: 0, failed: 1, dropped: 0 });
    await it.end();
  });

  test("an end that committed unseen is not ended again", async () => {
    const it = setUp(
      {},
      {
        machines: 1,
        work: {
          finish: () => Promise.reject(new DatabaseError("unavailable", "the connection broke at the commit")),
          fail: () => Promise.reject(new DatabaseError("not_found", "not held")),
        },
      },
    );
    await waitFor("the turn", async () => {
      await it.clock.advance(1_000);
      return it.told() !== undefined;
    });
    expect(it.told()?.dropped).toBe(1);
    await it.end();
  });
});
