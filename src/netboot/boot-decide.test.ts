import { expect, test } from "vitest";
import { bootDecide } from "./boot-decide.ts";

test.for([
  // quarantined, pending, installed
  [false, false, false, "agent"],
  [false, true, false, "agent"],
  [false, true, true, "agent"],
  [false, false, true, "disk"],
  [true, false, false, "hold"],
  [true, true, false, "hold"],
  [true, true, true, "hold"],
  [true, false, true, "hold"],
] as const)("quarantined %s, pending %s, installed %s: %s", ([quarantined, pending, installed, decision]) => {
  expect(bootDecide({ quarantined, pending, installed })).toBe(decision);
});

test("a machine that nobody knows starts the agent, which asks to be let in", () => {
  expect(bootDecide(undefined)).toBe("agent");
});
