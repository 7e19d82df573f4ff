import { expect, test } from "vitest";
import { succeededText } from "./install-ended.ts";

test.each([
  [{}, ""],
  [{ cameUp: { from: "10.0.0.9", addresses: ["10.0.0.9", "fe80::1"] } }, "; it came up at 10.0.0.9, fe80::1"],
  [{ cameUp: { from: "10.0.0.9", addresses: [] } }, "; it came up, reported from 10.0.0.9 without its addresses"],
  [{ unasked: "why" }, "; why"],
])("%j ends with %j", (known, text) => {
  expect(succeededText({ kind: "succeeded", ...known })).toBe(text);
});
