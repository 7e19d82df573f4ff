import { expect, test } from "vitest";
import { secondRunFiles, secondRunResult } from "./second-run.ts";
import type { TestFailure } from "./test-counts.ts";

const failure = (file: string, line = `${file}: a test: waited 60000 ms`): TestFailure => ({
  file,
  isTest: true,
  line,
});
const counts = (passed: number, failed: number) => ({ passed, failed, skipped: 1 });

test("failed files are run once more, each once", () => {
  expect(secondRunFiles([failure("a.test.ts"), failure("a.test.ts"), failure("b.test.ts")])).toEqual([
    "a.test.ts",
    "b.test.ts",
  ]);
});

test.each([
  ["random input found it", [failure("a.test.ts", "a.test.ts: ids: Property failed after 3 tests")]],
  ["its victim was random", [failure("a.test.ts", "a.test.ts: killed (FARRIER_TEST_SEED=7): the server: gone")]],
  ["it is in no file", [failure("a.test.ts"), { isTest: false, line: "outside of any test: EPIPE" }]],
  ["much failed", ["a", "b", "c", "d", "e", "f"].map((name) => failure(name))],
  ["nothing failed", []],
])("nothing is run again where %s", (_why, failures) => {
  expect(secondRunFiles(failures)).toEqual([]);
});

test("what passes the second time is named, and what does not has failed", () => {
  const first = {
    counts: counts(10, 3),
    failures: [failure("a.test.ts"), failure("b.test.ts"), { ...failure("b.test.ts"), isTest: false }],
  };
  expect(secondRunResult(first, { counts: counts(9, 1), failures: [failure("a.test.ts")] })).toEqual({
    counts: counts(11, 1),
    failures: [failure("a.test.ts")],
    unsteady: [failure("b.test.ts").line, failure("b.test.ts").line],
  });
});

test.each([
  ["nothing ran", { counts: counts(0, 0), failures: [] }],
  ["the run itself failed", { counts: counts(9, 1), failures: [{ isTest: false, line: "outside of any test" }] }],
])("all failures stay where the second time %s", (_what, again) => {
  const first = { counts: counts(10, 1), failures: [failure("a.test.ts")] };
  expect(secondRunResult(first, again)).toEqual({ ...first, unsteady: [] });
});
