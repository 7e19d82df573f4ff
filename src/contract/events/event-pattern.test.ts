import { expect, test } from "vitest";
import { eventsMatching, isEventPattern } from "./event-pattern.ts";

const kinds = ["machine_added", "installation_requested", "installation_failed"];

test.each([
  ["machine_added", true, ["machine_added"]],
  ["installation_*", true, ["installation_requested", "installation_failed"]],
  ["*", true, kinds],
  ["installation", false, []],
  ["power_*", false, []],
  ["*_failed", false, []],
])("%s names events: %s", (pattern, known, named) => {
  expect(isEventPattern(pattern, kinds)).toBe(known);
  expect(eventsMatching([pattern], kinds)).toEqual(named);
});

test("no pattern means all events", () => {
  expect(eventsMatching([], kinds)).toEqual(kinds);
});
