import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import type { Clock } from "../../lib/clock.ts";
import { CliError } from "../errors.ts";
import { patienceMilliseconds } from "./patience.ts";
import { streamOn } from "./stream-on.ts";

const slow = () =>
  new CliError("failed", "this reader took longer", { cause: new ConnectError("slow", Code.ResourceExhausted) });
const gone = () => new CliError("unreachable", "gone");
const refused = new CliError("usage", "cursor: expected another one");

test("a stream goes on after its end, a slow reader and a break, also hours after it began; a refusal ends it", async () => {
  let now = 0;
  const clock: Clock = {
    monotonic: () => now,
    sleep: (milliseconds) => {
      now += milliseconds;
      return Promise.resolve();
    },
  };
  const notes: string[] = [];
  const story: ((heard: () => void) => void)[] = [
    (heard) => heard(),
    (heard) => {
      heard();
      now += 2 * patienceMilliseconds;
      throw slow();
    },
    (heard) => {
      heard();
      now += 2 * patienceMilliseconds;
      throw gone();
    },
    () => {
      throw gone();
    },
    (heard) => heard(),
    () => {
      throw refused;
    },
  ];
  let step = 0;
  const stream = async (heard: () => void): Promise<void> => {
    step += 1;
    story[step - 1]?.(heard);
  };
  await expect(streamOn(stream, clock, (text) => notes.push(text))).rejects.toBe(refused);
  expect(step).toBe(story.length);
  expect(notes).toEqual(["gone; still trying", "the control plane answers again"]);
});

test("too many streams, which is said before anything is heard, is a refusal", async () => {
  const error = slow();
  const clock: Clock = { monotonic: () => 0, sleep: () => Promise.resolve() };
  await expect(
    streamOn(
      () => Promise.reject(error),
      clock,
      () => undefined,
    ),
  ).rejects.toBe(error);
});
