import { expect, test } from "vitest";
import { writerDecide, type WriterDecision, type WriterStanding } from "./writer-decide.ts";

const standing = (change: Partial<WriterStanding>): WriterStanding => ({
  writer: "none",
  over: false,
  replaced: false,
  countedOthers: 0,
  ...change,
});

test.each<[string, Partial<WriterStanding>, touching: WriterDecision, before: WriterDecision]>([
  ["nobody writes", {}, "begin", "record"],
  ["nobody writes, two others began", { countedOthers: 2 }, "begin", "record"],
  ["nobody writes, three others began", { countedOthers: 3 }, "exhausted", "record"],
  ["it writes", { writer: "own" }, "go-on", "record"],
  ["it writes, and was taken for dead", { writer: "own", over: true, countedOthers: 5 }, "go-on", "record"],
  ["another writes", { writer: "other" }, "wait", "bystander"],
  ["another writes, three began", { writer: "other", countedOthers: 3 }, "wait", "bystander"],
  ["another wrote and is over", { writer: "other", over: true, countedOthers: 1 }, "take-over", "record"],
  ["the third that wrote is over", { writer: "other", over: true, countedOthers: 3 }, "exhausted", "record"],
  ["it was replaced", { writer: "other", replaced: true }, "replaced", "replaced"],
  [
    "it was replaced by a request that is over",
    { writer: "other", over: true, replaced: true },
    "replaced",
    "replaced",
  ],
])("X1: %s", (_name, change, touching, before) => {
  expect(writerDecide(standing(change), true)).toBe(touching);
  expect(writerDecide(standing(change), false)).toBe(before);
});
