import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { machineId } from "../../database/ids.ts";
import { prng } from "../../lib/prng.ts";
import { failuresMost, rolloutDecide, type RolloutMachineSeen, type RolloutStanding } from "./decide.ts";

const now = new Date("2026-01-16T12:00:00Z");
const standing = (more: Partial<RolloutStanding> = {}): RolloutStanding => ({
  state: "running",
  parallel: 10,
  failuresAnswered: 0,
  failed: 0,
  machines: 10,
  waves: [],
  ...more,
});
const seen = (more: Partial<RolloutMachineSeen> = {}): RolloutMachineSeen => ({
  machineId: machineId(randomUUID()),
  wave: 1,
  attempt: 0,
  state: "waiting",
  changed: null,
  outcome: null,
  result: null,
  error: null,
  reportRaw: null,
  ...more,
});
const acts = (rollout: RolloutStanding, machines: RolloutMachineSeen[], at = now): string[] =>
  rolloutDecide(rollout, machines, at).map((action) => (action.act === "end" ? action.end.end : action.act));

test("a table of decisions", () => {
  const waiting = seen();
  const running = seen({ state: "requested", outcome: "running" });
  const unasked = seen({ state: "requested", outcome: "unasked", attempt: 1 });
  const good = seen({ state: "requested", outcome: "good" });
  const failed = seen({ state: "requested", outcome: "failed", result: "error", error: "x" });
  const mute = seen({ state: "requested", outcome: "silent" });
  expect(acts(standing(), [])).toEqual(["done"]);
  // A written machine whose system does not report counts as failed.
  expect(acts(standing({ stopAfter: { failures: 1 } }), [mute, waiting])).toEqual(["failed", "stop"]);
  expect(acts(standing(), [waiting])).toEqual(["begin"]);
  expect(acts(standing(), [running])).toEqual([]);
  expect(acts(standing(), [good])).toEqual(["good", "done"]);
  expect(acts(standing(), [unasked, waiting])).toEqual(["request", "begin"]);
  expect(acts(standing({ parallel: 1 }), [running, waiting])).toEqual([]);
  expect(acts(standing({ parallel: 1 }), [good, waiting])).toEqual(["good", "begin"]);
  expect(acts(standing(), [seen({ changed: "labels" })])).toEqual(["left_out"]);
  // The rule: the last failure of all stops nothing, because nothing is left to be begun.
  expect(acts(standing({ stopAfter: { failures: 1 } }), [failed, waiting])).toEqual(["failed", "stop"]);
  expect(acts(standing({ stopAfter: { failures: 1 } }), [failed])).toEqual(["failed", "done"]);
  expect(acts(standing({ stopAfter: { failures: 2 }, failed: 1 }), [failed, waiting])).toEqual(["failed", "stop"]);
  expect(acts(standing({ stopAfter: { failures: 2 }, failed: 5, failuresAnswered: 5 }), [waiting])).toEqual(["begin"]);
  // A wave is over when its last machine has ended.
  expect(acts(standing(), [running, seen({ wave: 2 })])).toEqual([]);
  expect(acts(standing(), [failed, good, seen({ wave: 2 })])).toEqual(["failed", "good", "begin"]);
  // What has begun is brought to its end in every state.
  expect(acts(standing({ state: "paused" }), [good, unasked, waiting])).toEqual(["good", "recall"]);
  expect(acts(standing({ state: "stopped" }), [running, waiting])).toEqual([]);
  expect(acts(standing({ state: "cancelled" }), [running])).toEqual([]);
  expect(acts(standing({ state: "cancelled" }), [good])).toEqual(["good", "settled"]);
  // It may have been requested after all: that is known a turn later.
  expect(acts(standing({ state: "cancelled" }), [unasked])).toEqual(["recall"]);
});

test("a window's end in the middle of a wave begins nothing new and lets what runs finish", () => {
  const window = { from: 60, to: 300, timeZone: "Europe/Berlin" };
  const machines = [
    seen({ state: "requested", outcome: "good" }),
    seen({ state: "requested", outcome: "unasked" }),
    seen(),
  ];
  expect(acts(standing({ window }), machines, new Date("2026-01-16T03:59:59Z"))).toEqual(["good", "request", "begin"]);
  expect(acts(standing({ window }), machines, new Date("2026-01-16T04:00:00Z"))).toEqual(["good", "recall"]);
  // The night that has no 02:30, and the night that has it twice.
  const short = { from: 150, to: 210, timeZone: "Europe/Berlin" };
  const begins = (at: string): boolean => acts(standing({ window: short }), [seen()], new Date(at)).includes("begin");
  expect([begins("2026-03-29T00:59:59Z"), begins("2026-03-29T01:00:00Z"), begins("2026-03-29T01:30:00Z")]).toEqual([
    false,
    true,
    false,
  ]);
  expect([begins("2026-10-25T00:30:00Z"), begins("2026-10-25T01:30:00Z"), begins("2026-10-25T02:30:00Z")]).toEqual([
    true,
    true,
    false,
  ]);
});

test("without a rule, a wave in which nothing is good stops what is to follow, once", () => {
  const failed = seen({ state: "requested", outcome: "failed", result: "error", error: "x" });
  const good = seen({ state: "requested", outcome: "good" });
  const second = seen({ wave: 2 });
  expect(acts(standing(), [failed, second])).toEqual(["failed", "stop"]);
  expect(acts(standing(), [failed, good, second])).toEqual(["failed", "good", "begin"]);
  const waves = [{ wave: 1, good: 0, failed: 1 }];
  expect(acts(standing({ failed: 1, waves }), [second])).toEqual(["stop"]);
  expect(acts(standing({ failed: 1, waves: [{ wave: 1, good: 1, failed: 1 }] }), [second])).toEqual(["begin"]);
  // Its machines were left out: the wave before it counts.
  expect(
    acts(standing({ failed: 1, waves: [...waves, { wave: 2, good: 0, failed: 0 }] }), [seen({ wave: 3 })]),
  ).toEqual(["stop"]);
  // It was resumed, and then its second wave has a failure.
  expect(acts(standing({ failed: 1, failuresAnswered: 1, waves }), [second])).toEqual(["begin"]);
  const begun = seen({ wave: 2, state: "requested", outcome: "running" });
  expect(acts(standing({ failed: 2, failuresAnswered: 1, waves }), [begun, second])).toEqual(["begin"]);
  // The last machines of all stop nothing.
  expect(acts(standing(), [failed])).toEqual(["failed", "done"]);
});

test("a share of failures", () => {
  expect(failuresMost({ percent: 5 }, 200)).toBe(10);
  expect(failuresMost({ percent: 1 }, 10)).toBe(1);
  expect(failuresMost(undefined, 10)).toBe(Infinity);
});

describe("for any failures, in any order of ends", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });

  test("each machine begins once, waves follow one another, and no more run than may", () => {
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 5 }),
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        fc.string(),
        (waves, parallel, failures, seed) => {
          const random = prng(seed);
          let machines = waves.flatMap((size, index) => Array.from({ length: size }, () => seen({ wave: index + 1 })));
          const all = machines.length;
          const began = new Map<string, number>();
          let barren = false;
          const ended = waves.map((_size, index) => ({ wave: index + 1, good: 0, failed: 0 }));
          let [failed, answered, state] = [0, 0, "running" as RolloutStanding["state"]];
          for (let turn = 0; turn < 500 && state !== "done"; turn += 1) {
            const rollout = standing({
              ...{ state, parallel, failed, failuresAnswered: answered, machines: all },
              waves: ended.map((counts) => ({ ...counts })),
              ...(failures === undefined ? {} : { stopAfter: { failures } }),
            });
            for (const action of rolloutDecide(rollout, machines, now)) {
              if (action.act === "end") {
                failed += action.end.end === "failed" ? 1 : 0;
                const wave = machines.find(({ machineId: id }) => id === action.machineId)?.wave ?? 0;
                const counts = ended[wave - 1];
                if (counts !== undefined) {
                  counts[action.end.end === "failed" ? "failed" : "good"] += 1;
                }
                machines = machines.filter(({ machineId: id }) => id !== action.machineId);
              } else if (action.act === "begin") {
                began.set(action.machineId, (began.get(action.machineId) ?? 0) + 1);
                machines = machines.map((machine) =>
                  machine.machineId === action.machineId
                    ? { ...machine, state: "requested", outcome: "running" }
                    : machine,
                );
              } else if (action.act === "stop") {
                state = "stopped";
                barren = action.barren !== undefined;
              } else if (action.act === "done") {
                state = "done";
              }
            }
            const running = machines.filter((machine) => machine.state === "requested");
            expect(running.length).toBeLessThanOrEqual(parallel);
            expect(new Set(running.map(({ wave }) => wave)).size).toBeLessThanOrEqual(1);
            machines = machines.map((machine): RolloutMachineSeen => {
              if (machine.state !== "requested" || random.chance(0.5)) {
                return machine;
              }
              return random.chance(0.3)
                ? { ...machine, outcome: "failed", result: "error", error: "disk sda is in use" }
                : { ...machine, outcome: "good" };
            });
            if (state === "stopped") {
              expect(failed - answered).toBeGreaterThanOrEqual(barren ? 1 : (failures ?? Infinity));
              [state, answered] = ["running", failed];
            }
          }
          expect(state).toBe("done");
          expect([...began.values()]).toEqual(Array.from({ length: all }, () => 1));
        },
      ),
      { numRuns: 200 },
    );
  });
});
