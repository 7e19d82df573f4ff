import { expect, test } from "vitest";
import type { RolloutRecord } from "../../database/queries/rollout/rollout-record.ts";
import { rolloutNote } from "./rollout-note.ts";

const now = new Date("2026-12-01T00:00:00Z");
const record: RolloutRecord = {
  number: 1,
  name: "tonight",
  profile: { name: "web", version: 1 },
  sealedValues: new Uint8Array(),
  state: "planned",
  stateSince: now,
  waves: [],
  parallel: 50,
  failuresAnswered: 0,
  createdAt: now,
  createdBy: "token",
  plannedAt: now,
};

test("a plan that refuses every machine says so, and not how to begin it", () => {
  const counts = { failed: 0, waiting: 0, requested: 0 };
  expect(rolloutNote(record, { ...counts, planned: 3, refused: 3 }, now)).toMatch(
    /^no machine can be installed by this plan: `farrier rollout plan tonight` says why/u,
  );
  for (const refused of [0, 2]) {
    expect(rolloutNote(record, { ...counts, planned: 3, refused }, now)).toBe(
      "nothing is requested yet: `farrier rollout start tonight` begins",
    );
  }
});
