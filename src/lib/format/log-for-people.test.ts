import { expect, test } from "vitest";
import { logForPeople } from "./log-for-people.ts";

test.each([
  [
    '{"level":"info","time":"2026-05-01T12:34:56.789Z","component":"agent","phase":"writing","bytes":5,"msg":"progress"}\n',
    "12:34:56 progress (phase=writing, bytes=5)",
  ],
  [
    '{"level":"warn","time":"2026-05-01T12:34:56.789Z","component":"agent","msg":"it is away"}\n',
    "12:34:56 warn: it is away",
  ],
  ['{"level":"error","msg":"a\\u001b[2Jb"}', "error: a\uFFFD[2Jb"],
  ["not JSON\n", "not JSON"],
  ["null", "null"],
])("X16: %s is %s", (json, text) => {
  expect(logForPeople(json)).toBe(text);
});
