import { expect, test } from "vitest";
import { silent, testFleet } from "../../../test/support/fleet.ts";
import { sessionHold } from "../../database/session-holder.ts";
import { systemClock } from "../../lib/clock.ts";
import { keyRing } from "../../secrets/key-ring.ts";
import { testKeyRing, testSecretsKey } from "../../secrets/testing/key-ring.ts";
import { readiness } from "./readiness.ts";

test("a process that lacks a key in use is not ready, and says which key and what to do", async () => {
  await using fleet = await testFleet();
  const { database } = fleet;
  await using sessions = sessionHold(database, { component: "server", log: silent, clock: systemClock });
  await sessions.next();
  expect(await readiness({ sessions, database, secrets: testKeyRing() })()).toEqual({ ready: true });
  const { id, checkValue } = testSecretsKey();
  const at = new Date(0);
  const records = [{ keyId: id, checkValue, state: "current" as const, madeAt: at, stateSince: at }];
  const state = { keys: [], records, keyFile: "/data/secrets-key" };
  expect(await readiness({ sessions, database, secrets: keyRing(() => state) })()).toEqual({
    ready: false,
    reason: expect.stringMatching(
      new RegExp(`key ${id}, which this process lacks: /data/secrets-key .*Add the lines`, "u"),
    ),
  });
});
