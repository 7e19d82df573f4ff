import { beforeEach, describe, expect, test } from "vitest";
import { createRecord, type SimulationRecord } from "./record.ts";

let now: number;
let record: SimulationRecord;
let heard: string[];

beforeEach(() => {
  now = 0;
  heard = [];
  record = createRecord({
    clock: { monotonic: () => now },
    name: (machine) => `m${machine}`,
    heard: (by, milliseconds) => void heard.push(`${by} ${milliseconds}`),
  });
  record.runStarted(1, "run");
});

const at = (time: number): SimulationRecord => {
  now = time;
  return record;
};
/** A heartbeat of machine 1, sent at `sentAt` and answered at `time`. */
const answered = (
  time: number,
  sentAt: number,
  said: { request?: bigint; cancelled?: bigint; reported?: bigint } = {},
): void => {
  const { reported, ...rest } = said;
  at(time).answered({
    machine: 1,
    run: "run",
    sentAt,
    ...rest,
    ...(reported === undefined ? {} : { reported: { generation: reported, result: "success" } }),
  });
};

test("an installation from its request to its result is no violation, and is timed", () => {
  at(10).requested(1, 1n, 5);
  at(12).watched({ machine: 1, run: "run", openedAt: 0, request: 1n });
  at(12).begun(1, 1n, "run");
  at(20).writing(1, 1n, "run", 15);
  answered(30, 29, { request: 1n });
  at(40).reporting(1, 1n);
  answered(45, 40, { reported: 1n });
  answered(60, 50);
  at(100_000).overdue(1000);
  expect(record.violations).toEqual([]);
  expect(heard).toEqual(["watch 7"]);
  expect(record.open(1)).toBeUndefined();
  expect([...record.generations()][0]).toMatchObject({ closed: { at: 45, how: "success" }, begunAt: 12 });
});

test("an agent may hear of a request before its operator has the answer", () => {
  at(8).watched({ machine: 1, run: "run", openedAt: 0, request: 1n });
  at(10).requested(1, 1n, 5);
  expect(heard).toEqual(["watch 3"]);
});

describe("handed out after its end", () => {
  beforeEach(() => {
    at(10).requested(1, 1n, 5);
    answered(20, 15, { request: 1n });
    answered(30, 25, { reported: 1n });
  });

  test("by an answer to a call that was sent before: it was on its way", () => {
    answered(40, 29, { request: 1n });
    expect(record.violations).toEqual([]);
  });

  test("by an answer to a call that was sent after it", () => {
    answered(40, 31, { request: 1n });
    expect(record.violations).toEqual(["m1 generation 1 was handed out by heartbeat, 10 ms after it was success"]);
  });

  test("by a stream that was opened before, soon or late", () => {
    at(4_000).watched({ machine: 1, run: "run", openedAt: 0, request: 1n });
    expect(record.violations).toEqual([]);
    at(6_000).watched({ machine: 1, run: "run", openedAt: 0, request: 1n });
    expect(record.violations).toHaveLength(1);
  });

  test("WRITING acknowledged", () => {
    at(50).writing(1, 1n, "run", 29);
    expect(record.violations).toEqual([]);
    at(50).writing(1, 1n, "run", 35);
    expect(record.violations).toEqual([
      "m1 generation 1: WRITING was acknowledged to run run, 5 ms after it was success",
    ]);
  });

  test("called off after its success", () => {
    answered(50, 45, { cancelled: 1n });
    expect(record.violations).toEqual(["m1 generation 1 was called off after its success"]);
  });
});

test("a success that came too late is answered OK: what an operator called off at the same time stays so", () => {
  at(10).requested(1, 1n, 5);
  answered(20, 15, { request: 1n });
  at(24).closing(1, 1n, "cancelled");
  answered(30, 25, { reported: 1n });
  answered(50, 45, { cancelled: 1n });
  expect(record.violations).toEqual([]);
});

describe("not handed out", () => {
  beforeEach(() => at(10).requested(1, 1n, 5));

  test("one heartbeat may have been answered at that moment; two are a violation", () => {
    answered(12, 9);
    answered(22, 20);
    expect(record.violations).toEqual([]);
    answered(32, 30);
    expect(record.violations).toEqual([
      "m1 generation 1 is pending, but 2 heartbeats in a row (run run) did not bring it",
    ]);
  });

  test.each<[string, () => void]>([
    ["a cancellation is under way", () => record.closing(1, 1n, "cancelled")],
    ["a report is under way", () => record.reporting(1, 1n)],
    ["it was replaced", () => record.closed(1, 1n, "replaced")],
  ])("not where %s", (_what, happen) => {
    happen();
    for (const time of [20, 30, 40]) {
      answered(time, time - 1);
    }
    expect(record.violations).toEqual([]);
  });

  test("a cancellation that was refused leaves it pending", () => {
    record.closing(1, 1n, "cancelled");
    record.closingRefused(1, 1n);
    for (const time of [20, 30]) {
      answered(time, time - 1);
    }
    expect(record.violations).toHaveLength(1);
  });

  test("nobody hears of it in time: told once", () => {
    at(1_000).overdue(990);
    expect(record.violations).toEqual([]);
    at(1_001).overdue(990);
    at(2_000).overdue(990);
    expect(record.violations).toEqual(["m1 generation 1 is lost: no agent heard of it within 1 s"]);
  });
});

describe("called off", () => {
  beforeEach(() => at(10).requested(1, 1n, 5));

  test("though nobody asked for it", () => {
    answered(20, 15, { cancelled: 1n });
    expect(record.violations[0]).toMatch(/^m1 generation 1 was called off, though nobody asked for that/u);
  });

  test("as an operator asked", () => {
    record.closing(1, 1n, "cancelled");
    answered(20, 15, { cancelled: 1n });
    expect(record.violations).toEqual([]);
    expect([...record.generations()][0]?.closed?.how).toBe("cancelled");
  });

  test("after more runs than it is handed to", () => {
    for (const run of ["b", "c", "d"]) {
      record.runStarted(1, run);
    }
    at(20).calledOff(1, 1n);
    expect(record.violations).toEqual([]);
    expect([...record.generations()][0]?.closed?.how).toBe("ended by the server");
  });

  test("runs that ended before it was asked for do not count", () => {
    const early = at(1);
    for (const run of ["b", "c", "d"]) {
      early.runStarted(1, run);
      early.runEnded(1, run);
    }
    answered(20, 15, { cancelled: 1n });
    expect(record.violations).toHaveLength(1);
  });
});

test("a generation that is given to two requests, and a refused agent, are violations", () => {
  at(10).requested(1, 1n, 5);
  at(11).requested(1, 1n, 6);
  record.refused(2, "who are you");
  expect(record.violations).toEqual(["m1 generation 1 was given to two requests", "m2: who are you"]);
});

test("what an earlier simulation left is open, but not owed", () => {
  record.found(1, 7n, true);
  for (const time of [20, 30, 40]) {
    answered(time, time - 1);
  }
  expect(record.violations).toEqual([]);
  expect(record.openAll().map(({ generation }) => generation)).toEqual([7n]);
});

test("what ended in an earlier simulation may still be called off", () => {
  record.found(1, 7n, false);
  answered(20, 15, { cancelled: 7n });
  expect(record.violations).toEqual([]);
  answered(40, 35, { request: 7n });
  expect(record.violations).toHaveLength(1);
});

test("a run that is let go on after a cancellation is a violation; after a success it is not", () => {
  for (const [generation, how] of [
    [1n, "success"],
    [2n, "cancelled"],
  ] as const) {
    at(10).requested(1, generation, 5);
    at(20).closed(1, generation, how);
    at(40).progressed(1, generation, "run", 15);
    expect(record.violations).toEqual([]);
    at(50).progressed(1, generation, "run", 30);
  }
  expect(record.violations).toEqual(["m1 generation 2: run run was let go on after it was cancelled"]);
});
