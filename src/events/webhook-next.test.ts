import { expect, test } from "vitest";
import { webhookNext, webhookRest } from "./webhook-next.ts";

const day = 86_400;

test.each([
  [
    { attempts: 1, waitedSeconds: 0 },
    { kind: "again", seconds: 5 },
  ],
  [
    { attempts: 2, waitedSeconds: 10 },
    { kind: "again", seconds: 10 },
  ],
  [
    { attempts: 11, waitedSeconds: day },
    { kind: "again", seconds: 3_600 },
  ],
  [
    { attempts: 80, waitedSeconds: 3 * day - 1 },
    { kind: "again", seconds: 3_600 },
  ],
  [
    { attempts: 1, waitedSeconds: 3 * day },
    { kind: "dead", seconds: 5 },
  ],
  [
    { attempts: 80, waitedSeconds: 3 * day },
    { kind: "dead", seconds: 3_600 },
  ],
  [
    { attempts: 100, waitedSeconds: day },
    { kind: "dead", seconds: 3_600 },
  ],
] as const)("after %o: %o", (failed, next) => {
  expect(webhookNext(failed)).toEqual(next);
});

test.each([
  [0, 0],
  [1, 1],
  [2, 2],
  [5, 16],
  [7, 60],
  [1_000, 60],
])("a receiver that was not reached %i times in a row rests for %i seconds", (unreached, seconds) => {
  expect(webhookRest(unreached)).toBe(seconds);
});
