import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ReportProgressResponseSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { createLogger } from "../../lib/log.ts";
import type { CallOutcome } from "../calls/control-plane.ts";
import { CalledOff } from "./called-off.ts";
import { createWritingPermit, type WritingPermit } from "./writing-permit.ts";

const log = createLogger({ level: "silent", component: "agent" });
const ok = (cancelledGeneration = 0n): CallOutcome<ReportProgressResponse> => ({
  kind: "ok",
  response: create(ReportProgressResponseSchema, { cancelledGeneration }),
});
const away: CallOutcome<ReportProgressResponse> = { kind: "unavailable", message: "away" };

/** A permit by a clock that only sleeping and the test move; each question takes `takes` milliseconds. */
function rig(answers: CallOutcome<ReportProgressResponse>[], takes = 0) {
  const at = { time: 0 };
  const slept: number[] = [];
  let asked = 0;
  let resumed = 0;
  const permit: WritingPermit = createWritingPermit({
    report: () => {
      at.time += takes;
      asked += 1;
      return Promise.resolve(answers.shift() ?? ok());
    },
    resumed: () => (resumed += 1),
    clock: {
      monotonic: () => at.time,
      sleep: (milliseconds) => {
        at.time += milliseconds;
        slept.push(milliseconds);
        return Promise.resolve();
      },
    },
    log,
    random: () => 1,
    signal: new AbortController().signal,
  });
  return { permit, at, slept, asked: () => asked, resumed: () => resumed };
}

test("X1: writing goes on while answers come, and pauses a minute after the last one was asked for", async () => {
  const { permit, at, asked, resumed } = rig([]);
  await permit.acquire();
  for (let minute = 0; minute < 5; minute += 1) {
    at.time += 59_000;
    permit.answered(at.time);
    await permit.hold();
  }
  expect([asked(), resumed()]).toEqual([1, 0]);
  at.time += 59_999;
  await permit.hold();
  expect(asked()).toBe(1);
  at.time += 1;
  await permit.hold();
  expect([asked(), resumed()]).toEqual([2, 1]);
});

test("X1: the pause lasts until WRITING is acknowledged, whatever else is answered meanwhile", async () => {
  const { permit, at, asked } = rig([ok(), away, away, ok()]);
  await permit.acquire();
  at.time += 60_000;
  // An answer that comes too late: somebody else may have taken over.
  permit.answered(at.time);
  await permit.hold();
  expect(asked()).toBe(4);
});

test("X1: all writes that wait go on by one acknowledgement", async () => {
  const { permit, at, asked } = rig([ok(), away, ok()]);
  await permit.acquire();
  at.time += 61_000;
  await Promise.all([permit.hold(), permit.hold(), permit.hold()]);
  expect(asked()).toBe(3);
});

test("X1: a replaced writer never writes again", async () => {
  const { permit, at } = rig([ok(), ok(7n)]);
  await permit.acquire();
  at.time += 61_000;
  await expect(permit.hold()).rejects.toThrow(CalledOff);
});

test("X1: a permit's time counts from the request: an answer that took too long is no permit", async () => {
  const { permit, at, asked } = rig([ok()]);
  await permit.acquire();
  const sentAt = at.time;
  at.time += 50_000;
  permit.answered(sentAt);
  at.time += 10_000;
  await permit.hold();
  expect(asked()).toBe(2);
});

test("X1: the server decides when WRITING is requested again, within bounds; without its word backoff does", async () => {
  const hints = [12_345, 999_999, 2_000, 1];
  const { permit, slept } = rig([
    ...Array.from({ length: 8 }, () => away),
    ...hints.map((retryAfter) => ({ ...away, retryAfter })),
    ok(),
  ]);
  await permit.acquire();
  expect(slept).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 12_345, 60_000, 2_000, 250]);
});
