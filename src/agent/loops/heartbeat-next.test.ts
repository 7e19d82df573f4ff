import { describe, expect, test } from "vitest";
import type { CallOutcome } from "../calls/control-plane.ts";
import type { HeartbeatMemory } from "./heartbeat-next.ts";
import { heartbeatMemory, heartbeatNext } from "./heartbeat-next.ts";

const interval = 30_000;
const ok: CallOutcome<object> = { kind: "ok", response: {} };
const outcome = (kind: "unavailable" | "unauthenticated" | "invalid" | "fatal"): CallOutcome<object> => ({
  kind,
  message: "why",
});
const busy: CallOutcome<object> = { kind: "unavailable", message: "why" };
const told: HeartbeatMemory = { failures: 0, refusals: 0, accepted: true, hardwareTold: true };

/** The next step at both ends of the jitter. */
const delays = (memory: HeartbeatMemory, answer: CallOutcome<object>): number[] =>
  [0, 1].map((random) => {
    const options = { interval, carriedHardware: false, random: () => random };
    return heartbeatNext(memory, answer, options).delay;
  });

describe("the next heartbeat", () => {
  test.each<[string, HeartbeatMemory, CallOutcome<object>, number[]]>([
    ["after an interval", told, ok, [28_500, 31_500]],
    ["soon after the first failure", told, outcome("unavailable"), [500, 1000]],
    ["later after the fourth", { ...told, failures: 3 }, outcome("unavailable"), [4000, 8000]],
    ["at most two intervals later", { ...told, failures: 99 }, outcome("unavailable"), [30_000, 60_000]],
    ["when an overloaded server asked to", told, { ...busy, retryAfter: 7_000 }, [7_000, 7_000]],
    ["also where backoff is longer", { ...told, failures: 9 }, { ...busy, retryAfter: 9_000 }, [9_000, 9_000]],
    ["not at once, whatever it asked", { ...told, failures: 9 }, { ...busy, retryAfter: 1 }, [500, 500]],
    ["at most two intervals later, whatever it asked", told, { ...busy, retryAfter: 3_600_000 }, [60_000, 60_000]],
    ["with backoff for a key never accepted", heartbeatMemory, outcome("unauthenticated"), [500, 1000]],
    ["minutes later for a key that was", told, outcome("unauthenticated"), [60_000, 120_000]],
    ["at most ten minutes", { ...told, failures: 9 }, outcome("unauthenticated"), [300_000, 600_000]],
    ["with backoff when refused for its content", told, outcome("invalid"), [500, 1000]],
    ["minutes later when heartbeats are not known", told, outcome("fatal"), [60_000, 120_000]],
  ])("%s", (_name, memory, answer, expected) => {
    expect(delays(memory, answer)).toEqual(expected);
  });

  test("an OK forgets the failures, and that it carried the hardware report is remembered", () => {
    const options = { interval, random: () => 0.5 };
    const first = heartbeatNext({ ...heartbeatMemory, failures: 7 }, ok, { ...options, carriedHardware: false });
    expect(first.memory).toEqual({ failures: 0, refusals: 0, accepted: true, hardwareTold: false });
    const second = heartbeatNext(first.memory, ok, { ...options, carriedHardware: true });
    expect(second.memory.hardwareTold).toBe(true);
    const third = heartbeatNext(second.memory, outcome("unavailable"), { ...options, carriedHardware: false });
    expect(third.memory).toEqual({ failures: 1, refusals: 0, accepted: true, hardwareTold: true });
  });

  test("only a key that was accepted before can be taken away; only then, and in doubt, a result waits", () => {
    const options = { interval, carriedHardware: true, random: () => 0.5 };
    const next = (memory: HeartbeatMemory, answer: CallOutcome<object>): [boolean, boolean] => {
      const { refused, wakeable } = heartbeatNext(memory, answer, options);
      return [refused, wakeable];
    };
    expect(next(told, outcome("unauthenticated"))).toEqual([true, false]);
    expect(next(heartbeatMemory, outcome("unauthenticated"))).toEqual([false, false]);
    expect(next(told, outcome("unavailable"))).toEqual([false, true]);
    expect(next(told, ok)).toEqual([false, true]);
  });

  test("a refusal of what it says is put down to the hardware report, where there was one", () => {
    const options = { interval, random: () => 0.5 };
    const refused = heartbeatNext(heartbeatMemory, outcome("invalid"), { ...options, carriedHardware: true });
    expect(refused.memory.hardwareRefused).toBe("why");
    const other = heartbeatNext(told, outcome("invalid"), { ...options, carriedHardware: false });
    expect(other.memory.hardwareRefused).toBeUndefined();
  });

  test("N2: an agent that can enrol does so after twenty refusals; an OK begins the count anew", () => {
    const options = { interval, carriedHardware: false, random: () => 0.5, canEnrol: true };
    const refuse = (memory: HeartbeatMemory, times: number): boolean[] => {
      const anew: boolean[] = [];
      let now = memory;
      for (let time = 0; time < times; time += 1) {
        const next = heartbeatNext(now, outcome(time % 3 === 2 ? "unavailable" : "unauthenticated"), options);
        anew.push(next.enrolAnew);
        now = next.memory;
      }
      return anew;
    };
    // Two of three are refusals: the twentieth comes with the 29th call.
    expect(refuse(told, 29).indexOf(true)).toBe(28);
    expect(refuse({ ...told, refusals: 19 }, 1)).toEqual([true]);
    expect(heartbeatNext({ ...told, refusals: 19 }, ok, options).memory.refusals).toBe(0);
    const cannot = { ...options, canEnrol: false };
    expect(heartbeatNext({ ...told, refusals: 99 }, outcome("unauthenticated"), cannot).enrolAnew).toBe(false);
  });
});
