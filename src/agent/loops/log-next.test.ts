import { expect, test } from "vitest";
import type { CallOutcome } from "../calls/control-plane.ts";
import { logNext, type LogNext } from "./log-next.ts";

const half = (): number => 0.5;

test.each<[number, CallOutcome<unknown>, LogNext]>([
  [3, { kind: "ok", response: {} }, { failures: 0, delay: 1_000, lines: "sent", awaitHeartbeat: false }],
  [0, { kind: "unavailable", message: "" }, { failures: 1, delay: 1_500, lines: "again", awaitHeartbeat: false }],
  [9, { kind: "unavailable", message: "" }, { failures: 10, delay: 45_000, lines: "again", awaitHeartbeat: false }],
  [
    0,
    { kind: "unavailable", message: "", retryAfter: 9_000 },
    { failures: 1, delay: 9_000, lines: "again", awaitHeartbeat: false },
  ],
  [
    0,
    { kind: "unavailable", message: "", retryAfter: 9_000_000 },
    { failures: 1, delay: 60_000, lines: "again", awaitHeartbeat: false },
  ],
  [
    9,
    { kind: "unavailable", message: "", retryAfter: 3_000 },
    { failures: 10, delay: 3_000, lines: "again", awaitHeartbeat: false },
  ],
  [0, { kind: "unauthenticated", message: "" }, { failures: 1, delay: 1_500, lines: "again", awaitHeartbeat: true }],
  [0, { kind: "invalid", message: "" }, { failures: 1, delay: 1_500, lines: "lost", awaitHeartbeat: false }],
  [0, { kind: "fatal", message: "" }, { failures: 1, delay: 450_000, lines: "lost", awaitHeartbeat: false }],
])("after %i failures, %j", (failures, outcome, next) => {
  expect(logNext(failures, outcome, half)).toEqual(next);
});
