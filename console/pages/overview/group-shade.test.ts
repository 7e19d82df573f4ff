import { expect, test } from "vitest";
import { groupShade } from "./group-shade.ts";

test.each([
  [
    { installed: 9n, "install-failed": 1n },
    { tone: "bad", worst: "install-failed", count: 1, share: 0.1 },
  ],
  [
    { installed: 2n, "agent-lost": 1n, "install-failed": 1n },
    { tone: "bad", worst: "install-failed, agent-lost", share: 0.5 },
  ],
  [
    { ready: 1n, installed: 3n },
    { tone: "good", worst: "ready, installed", share: 1 },
  ],
  [
    { installing: 1n, new: 3n },
    { tone: "busy", worst: "installing", share: 0.25 },
  ],
  [{}, { tone: "idle", worst: "", share: 0 }],
])("%o", (states: Record<string, bigint>, expected) => {
  expect(groupShade(states)).toMatchObject(expected);
});
