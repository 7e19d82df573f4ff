import pino from "pino";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Phase, ReportProgressResponseSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Progress, ProgressState } from "./progress.ts";
import { createProgress } from "./progress.ts";

interface Rig {
  progress: Progress;
  sent: ProgressState[];
  at: { time: number };
  /** Lets the report that is on its way be answered. */
  answer: () => void;
}

function rig(): Rig {
  const sent: ProgressState[] = [];
  const at = { time: 0 };
  const answers: (() => void)[] = [];
  const progress = createProgress({
    send: (state) =>
      new Promise((resolve) => {
        sent.push(state);
        answers.push(() => resolve({ kind: "ok", response: create(ReportProgressResponseSchema) }));
      }),
    calledOff: () => undefined,
    clock: { monotonic: () => at.time },
    log: pino({ enabled: false }),
  });
  return { progress, sent, at, answer: () => answers.shift()?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("X4: what is tried again is sent at once, with its reason and when the agent gives up", async () => {
  const { progress, sent, at, answer } = rig();
  progress.phase(Phase.SELECTING_DISK);
  await turn();
  answer();
  await progress.settled();
  at.time = 10_000;
  progress.tryingAgain("https://images.example/x answered 503", 70_500);
  await turn();
  expect(sent.at(-1)).toEqual({
    phase: Phase.SELECTING_DISK,
    bytesDone: 0n,
    bytesTotal: 0n,
    lastError: "https://images.example/x answered 503",
    givesUpInSeconds: 61,
  });
});

test("X4: while a report is on its way the trouble goes with the next one, the latest of them", async () => {
  const { progress, sent, answer } = rig();
  progress.phase(Phase.WRITING);
  await turn();
  progress.tryingAgain("first");
  progress.tryingAgain("second");
  expect(sent).toHaveLength(1);
  answer();
  await turn();
  expect(sent.map(({ lastError }) => lastError)).toEqual([undefined, "second"]);
  expect(sent[1]?.givesUpInSeconds).toBe(0);
});

test("X4: bytes that move, and a new phase, say that it is over; a repeated count does not", async () => {
  const { progress, sent, at, answer } = rig();
  const next = async (): Promise<string | undefined> => {
    await turn();
    answer();
    await progress.settled();
    at.time += 2_000;
    return sent.at(-1)?.lastError;
  };
  progress.phase(Phase.WRITING);
  await next();
  progress.tryingAgain("silence");
  expect(await next()).toBe("silence");
  progress.bytes(0n, 9n);
  expect(await next()).toBe("silence");
  progress.bytes(1n, 9n);
  expect(await next()).toBeUndefined();
  progress.tryingAgain("silence");
  await next();
  progress.phase(Phase.VERIFYING);
  expect(await next()).toBeUndefined();
});

test("X4: a reason is one clean line of at most 1 KiB, with no character cut in two", async () => {
  const { progress, sent } = rig();
  progress.tryingAgain(`a\n\0b ${"\u20ac".repeat(1000)}`);
  await turn();
  const reason = sent[0]?.lastError ?? "";
  expect(reason).toMatch(/^a b \u20ac+$/u);
  expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(1024);
  expect(Buffer.byteLength(reason)).toBeGreaterThan(1020);
});

test("X4: what is too slow stays told although bytes move, until it is over", async () => {
  const { progress, sent, at, answer } = rig();
  progress.phase(Phase.WRITING);
  await turn();
  answer();
  await progress.settled();
  progress.tryingAgain("only 10 bytes came", 90_000, true);
  await turn();
  answer();
  await progress.settled();
  at.time = 5000;
  progress.bytes(1n, 100n);
  await turn();
  expect(sent.at(-1)).toMatchObject({ bytesDone: 1n, lastError: "only 10 bytes came", givesUpInSeconds: 85 });
  answer();
  await progress.settled();
  progress.over();
  at.time = 10_000;
  progress.bytes(2n, 100n);
  await turn();
  expect(sent.at(-1)?.lastError).toBeUndefined();
});
