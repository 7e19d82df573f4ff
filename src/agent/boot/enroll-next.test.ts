import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EnrollResponseSchema, EnrollState } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { enrollNext, type EnrollMemory } from "./enroll-next.ts";

const memory: EnrollMemory = { failures: 0, token: "t", bare: false };
const answer = (state: EnrollState, retryAfterSeconds = 15, machineId = ""): Parameters<typeof enrollNext>[1] => ({
  kind: "ok",
  response: create(EnrollResponseSchema, { state, retryAfterSeconds, machineId }),
});
const middle = (): number => 0.5;

describe("enrollNext", () => {
  test("accepted ends it", () => {
    expect(enrollNext(memory, answer(EnrollState.ACCEPTED, 0, "m"), middle)).toEqual({
      kind: "accepted",
      machineId: "m",
    });
  });

  test.for<[number, number, number]>([
    [15, 0, 15_000],
    [15, 1, 22_500],
    [0, 0, 1000],
    [-3, 0, 1000],
    [1_000_000, 0, 300_000],
  ])("asked to come back after %i s, with %d of the jitter: %i ms, without the token", ([seconds, random, delay]) => {
    expect(enrollNext(memory, answer(EnrollState.AWAITING_APPROVAL, seconds), () => random)).toEqual({
      kind: "again",
      memory: { failures: 0, token: undefined, bare: false },
      delay,
    });
  });

  test("a state of a newer server, or an acceptance that names no machine, is a wait", () => {
    expect(enrollNext(memory, answer(7 as EnrollState), middle).kind).toBe("again");
    expect(enrollNext(memory, answer(EnrollState.ACCEPTED), middle).kind).toBe("again");
  });

  test("no answer: the call is repeated with backoff and the same token", () => {
    const delays = [0, 1, 2, 10].map((failures) => {
      const next = enrollNext({ ...memory, failures }, { kind: "unavailable", message: "" }, middle);
      expect(next).toMatchObject({ memory: { failures: failures + 1, token: "t", bare: false } });
      return next.kind === "again" ? next.delay : -1;
    });
    expect(delays).toEqual([750, 1500, 3000, 22_500]);
  });

  test.for<[number, number]>([
    [7_000, 7_000],
    [1, 500],
    [200_000, 200_000],
    [86_400_000, 300_000],
  ])(
    "asked by an overloaded server to come again after %i ms: %i ms, however often it failed",
    ([retryAfter, delay]) => {
      for (const failures of [0, 9]) {
        const next = enrollNext({ ...memory, failures }, { kind: "unavailable", message: "", retryAfter }, middle);
        expect(next).toMatchObject({ kind: "again", memory: { token: "t" }, delay });
      }
    },
  );

  test("refused for what is in it: without the hardware report soon, then seldom", () => {
    const first = enrollNext(memory, { kind: "invalid", message: "" }, middle);
    expect(first).toMatchObject({ memory: { bare: true, token: "t" }, delay: 750 });
    const again = enrollNext({ ...memory, bare: true }, { kind: "invalid", message: "" }, middle);
    expect(again).toMatchObject({ memory: { bare: true }, delay: 22_500 });
  });

  test.for(["unauthenticated", "fatal"] as const)("%s: seldom", (kind) => {
    expect(enrollNext(memory, { kind, message: "" }, middle)).toMatchObject({ kind: "again", delay: 22_500 });
  });
});
