import { describe, expect, test } from "vitest";
import { agentTraits, failingMachines, faultNames, faultPlan, imageFault } from "./faults.ts";
import { faultsParse } from "./options.ts";

const options = { faults: faultNames, seed: "s", agents: 1000, duration: 600_000 };

describe("the plan of faults", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(faultPlan(options)).toEqual(faultPlan(options));
    expect(faultPlan({ ...options, seed: "t" })).not.toEqual(faultPlan(options));
  });

  test("is in order, within the time and the fleet", () => {
    const plan = faultPlan(options);
    expect(plan.map(({ at }) => at)).toEqual(plan.map(({ at }) => at).toSorted((a, b) => a - b));
    expect(plan.every(({ at, agent }) => at >= 0 && at < options.duration && agent >= 0 && agent < 1000)).toBe(true);
    const counted = (kind: string): number => plan.filter((event) => event.kind === kind).length;
    // Rates a minute and agent of 0.2, 0.05 and 0.02, over ten minutes; storms every four, from the second on.
    expect(["disconnect", "kill", "duplicate", "storm"].map(counted)).toEqual([2000, 500, 200, 2]);
  });

  test("however short and small, each kind is seen", () => {
    const plan = faultPlan({ ...options, agents: 1, duration: 5_000 });
    for (const kind of ["disconnect", "kill", "duplicate"] as const) {
      expect(plan.filter((event) => event.kind === kind)).toHaveLength(3);
    }
    expect(plan.filter(({ kind }) => kind === "storm").map(({ at }) => at)).toEqual([2_500]);
  });

  test("holds only what was asked for", () => {
    expect(faultPlan({ ...options, faults: [] })).toEqual([]);
    expect(new Set(faultPlan({ ...options, faults: ["kill", "slow"] }).map(({ kind }) => kind))).toEqual(
      new Set(["kill"]),
    );
  });
});

test("traits: some are slow, some clocks are years off, none where that was not asked for", () => {
  const all = Array.from({ length: 2000 }, (_, index) => agentTraits(faultNames, "s", index));
  expect(all.filter(({ slow }) => slow).length).toBeGreaterThan(60);
  expect(all.filter(({ slow }) => slow).length).toBeLessThan(150);
  expect(all.filter(({ validYears }) => validYears !== undefined).length).toBeGreaterThan(320);
  expect(Array.from({ length: 200 }, (_, index) => agentTraits([], "s", index))).toEqual(
    Array.from({ length: 200 }, () => ({ slow: false })),
  );
});

test("bad images: a tenth, of each kind", () => {
  const drawn = Array.from({ length: 1000 }, (_, index) => imageFault(["bad-image"], index / 1000, false));
  for (const kind of ["missing", "truncated", "altered"]) {
    expect(drawn.filter((each) => each === kind).length).toBeGreaterThanOrEqual(33);
  }
  expect(drawn.filter((each) => each === undefined)).toHaveLength(900);
  expect(imageFault(["kill"], 0, false)).toBeUndefined();
});

test("machines whose first installation fails: as many as are asked for, the same for the same seed", () => {
  const failing = failingMachines({ seed: "s", agents: 200, failing: 7 });
  expect(failing.size).toBe(7);
  expect(failingMachines({ seed: "s", agents: 200, failing: 7 })).toEqual(failing);
  expect(failingMachines({ seed: "t", agents: 200, failing: 7 })).not.toEqual(failing);
  expect(failingMachines({ seed: "s", agents: 3, failing: 9 }).size).toBe(3);
  expect(failingMachines({ seed: "s", agents: 200 }).size).toBe(0);
  expect(new Set([0, 0.34, 0.99].map((draw) => imageFault([], draw, true))).size).toBe(3);
});

test("faults as they are typed", () => {
  expect(faultsParse("all")).toEqual([...faultNames]);
  expect(faultsParse("kill, storm")).toEqual(["kill", "storm"]);
  expect(() => faultsParse("kil")).toThrow(/"kil" is no fault: expected all, or some of disconnect/u);
});
