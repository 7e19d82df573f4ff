import { expect, test } from "vitest";
import { lookLines } from "./look-lines.ts";

test("the lines of a check, whatever else a later server puts in", () => {
  expect(
    lookLines({
      ok: false,
      lines: [{ ok: true, what: "it answers" }, { ok: 1, what: "power", remedy: "switch it" }, null, 7],
    }),
  ).toEqual([
    { ok: true, what: "it answers", remedy: "" },
    { ok: false, what: "power", remedy: "switch it" },
  ]);
  expect(lookLines({})).toEqual([]);
});
