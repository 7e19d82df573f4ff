import { expect, test } from "vitest";
import { primaryDecide, type PrimaryKnown, type PrimaryLook } from "./primary-decide.ts";

const a = { host: "a", port: 5432 };
const b = { host: "b", port: 5432 };
const down: PrimaryLook = { answered: false, reason: "connect ECONNREFUSED" };
const standby: PrimaryLook = { answered: true, standby: true, system: "7" };
const primary = (timeline: number, system = "7"): PrimaryLook => ({ answered: true, standby: false, timeline, system });
const fresh: PrimaryKnown = { timeline: 0 };
const onA: PrimaryKnown = { host: a, timeline: 1, system: "7" };
const onB: PrimaryKnown = { host: b, timeline: 2, system: "7" };

test.each<[string, PrimaryKnown, PrimaryLook, PrimaryLook, PrimaryKnown | string]>([
  ["the primary of two", fresh, primary(1), standby, onA],
  ["wherever it stands in the list", fresh, standby, primary(2), onB],
  ["the primary that answers", fresh, primary(1), down, onA],
  ["after a failover the promoted one", onA, down, primary(2), onB],
  ["of two that take writes the newer one", onA, primary(1), primary(2), onB],
  ["also at the first look", fresh, primary(1), primary(2), onB],
  ["of equals the previous primary", { ...onA, host: b }, primary(1), primary(1), { ...onA, host: b }],
  [
    "never back to an older timeline",
    onB,
    primary(1),
    down,
    "a:5432 is a former primary: its timeline 1 is older than 2",
  ],
  ["nor while the newer one is a standby", onB, primary(1), standby, "b:5432 is a standby"],
  ["back to it once it was promoted again", onB, primary(3), standby, { host: a, timeline: 3, system: "7" }],
  ["never to another cluster", onA, down, primary(9, "8"), "b:5432 is another cluster"],
  ["none: each host is listed", fresh, standby, down, "a:5432 is a standby or read-only; b:5432: connect ECONNREFUSED"],
  ["a server that does not tell its timeline", onA, { answered: true, standby: false }, down, onA],
])("C3: %s", (_title, known, first, second, expected) => {
  const decision = primaryDecide(known, [
    { host: a, look: first },
    { host: b, look: second },
  ]);
  if (typeof expected === "string") {
    expect(decision).toMatchObject({ kind: "none", reason: expect.stringContaining(expected) });
  } else {
    expect(decision).toEqual({ kind: "found", known: expected });
  }
});

test("C3: connections to a former primary, a standby and another cluster are left; those to a host that does not answer stay", () => {
  const left = (look: PrimaryLook): unknown => {
    const decision = primaryDecide(onB, [{ host: a, look }]);
    return decision.kind === "none" && decision.left;
  };
  expect(left(primary(1))).toEqual([a]);
  expect(left(standby)).toEqual([a]);
  expect(left(primary(5, "8"))).toEqual([a]);
  expect(left(down)).toEqual([]);
});
