// What becomes of rollouts when something intervenes: a kill, a pause, a cancelled rollout, another installation.
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { RolloutOrder, RolloutRequester } from "../../src/database/queries/rollout/rollout-order.ts";
import { sessionHold } from "../../src/database/session-holder.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { operatorFixture, refusal } from "../../src/operator-api/testing/operator-fixture.ts";
import { rolloutRequester } from "../../src/operator-api/rollout/rollout-requester.ts";
import { templateRenderer } from "../../src/profiles/template-renderer.ts";
import { rolloutLoop } from "../../src/shepherd/rollout/loop.ts";
import { silent } from "../support/fleet.ts";
import { installationsFinish, rolloutMachinesAdd, rolloutProfileMake, rolloutTurns } from "../support/rollouts.ts";
import { waitFor } from "../support/wait.ts";

const { fleet, clients, dependencies } = await operatorFixture();
const { rollouts, machines, installations } = clients;
await rolloutProfileMake(fleet, clients);

const requester = rolloutRequester({ ...dependencies, templates: templateRenderer() });
const command = (rollout: string) => ({ requestId: randomUUID(), rollout });
const { turn, stateOf, statesOf, lastGenerations } = rolloutTurns(fleet, requester);

/** A lock on a table that lets nobody write to it; and how many connections wait for locks. */
async function tableHeld(
  table: string,
): Promise<AsyncDisposable & { release(): Promise<void>; waiting(): Promise<number> }> {
  const client = await fleet.database.pool.connect();
  await client.query("BEGIN");
  await client.query(`LOCK TABLE ${table} IN EXCLUSIVE MODE`);
  let held = true;
  const release = async (): Promise<void> => {
    if (held) {
      held = false;
      await client.query("ROLLBACK");
      client.release();
    }
  };
  return {
    release,
    waiting: async () =>
      (await fleet.rows("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
        .length,
    [Symbol.asyncDispose]: release,
  };
}

/** Begins the rollout's machines without a request: the shepherd is killed in between. */
async function beginOnly(): Promise<void> {
  await turn(() => Promise.reject(new Error("killed")));
}
test("what has begun and was not requested is taken back by a pause, and let go by a cancelled rollout", async () => {
  const [, k2 = ""] = await rolloutMachinesAdd(clients, ["k1", "k2"]);
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "k", profile: "web", machines: ["k1", "k2"] });
  await rollouts.rolloutStart(command("k"));
  // The second was requested, and that is not recorded.
  await turn(async (order) => {
    if (order.machineId === k2) {
      await requester.request(order);
    }
    throw new Error("killed");
  });
  await rollouts.rolloutPause(command("k"));
  await turn();
  expect([await statesOf("k"), await lastGenerations("k_")]).toEqual(["k1 waiting, k2 requested", "k1 0, k2 1"]);
  await rollouts.rolloutResume(command("k"));
  await beginOnly();
  expect(await statesOf("k")).toBe("k1 requested, k2 requested");
  await rollouts.rolloutCancel(command("k"));
  await turn();
  expect([await statesOf("k"), await lastGenerations("k_")]).toEqual(["k1 cancelled, k2 requested", "k1 0, k2 1"]);
  await installationsFinish(fleet);
  await turn();
  await turn();
  expect(await fleet.rows("SELECT FROM rollout WHERE rollout_name = 'k' AND ended_at IS NULL")).toEqual([]);
  expect(await fleet.rows("SELECT FROM machine_rollout_hold")).toEqual([]);
});

test("a request that is being carried out is waited for before its machine is taken back", async () => {
  await rolloutMachinesAdd(clients, ["l1"]);
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "l", profile: "web", machines: ["l1"] });
  await rollouts.rolloutStart(command("l"));
  const orders: RolloutOrder[] = [];
  await turn((order) => {
    orders.push(order);
    return Promise.reject(new Error("killed"));
  });
  const [order] = orders;
  expect(order).toBeDefined();
  await using blocked = await tableHeld("machine_os_installation_request");
  const requested = order === undefined ? undefined : requester.request(order);
  await waitFor("the request to wait", async () => (await blocked.waiting()) === 1);
  await rollouts.rolloutPause(command("l"));
  const recalled = turn();
  await waitFor("the recall to wait for it", async () => (await blocked.waiting()) === 2);
  await blocked.release();
  expect(await requested).toEqual({ kind: "requested", generation: 1n });
  await recalled;
  expect([await statesOf("l"), await lastGenerations("l_")]).toEqual(["l1 requested", "l1 1"]);
  await rollouts.rolloutCancel(command("l"));
  await installationsFinish(fleet);
  await turn();
});

test("an order that the rollout does not want any more is not carried out", async () => {
  await rolloutMachinesAdd(clients, ["f1"]);
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "f", profile: "web", machines: ["f1"] });
  await rollouts.rolloutStart(command("f"));
  // Cancelled between the decision and the request.
  await turn(async (order) => {
    await rollouts.rolloutCancel(command("f"));
    const ordered = await requester.request(order);
    expect(ordered).toEqual({ kind: "withdrawn" });
    return ordered;
  });
  await turn();
  expect([await statesOf("f"), await lastGenerations("f_")]).toEqual(["f1 cancelled", "f1 0"]);
});

test("a request that was carried out is known again, though its profile's values can't be opened any more", async () => {
  await rolloutMachinesAdd(clients, ["g1", "g2"]);
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "g", profile: "web", machines: ["g1", "g2"] });
  await rollouts.rolloutStart(command("g"));
  let calls = 0;
  await turn(async (order) => {
    calls += 1;
    if (calls === 1) {
      await requester.request(order);
    }
    throw new Error("killed");
  });
  await fleet.rows(
    "UPDATE rollout SET sealed_values = set_byte(sealed_values, 40, 255 - get_byte(sealed_values, 40)) WHERE rollout_name = 'g'",
  );
  await turn();
  await turn();
  const { causes } = await rollouts.rolloutShow({ rollout: "g" });
  expect(causes).toMatchObject([{ cause: "request-refused", machines: 1 }]);
  expect(
    (await statesOf("g"))
      .split(", ")
      .map((text) => text.slice(3))
      .toSorted(),
  ).toEqual(["failed", "requested"]);
  await installationsFinish(fleet);
  await turn();
  expect(await stateOf("g")).toBe("done");
});

test("retry-failed leaves alone what is not the rollout's any more, and what must be named", async () => {
  const names = ["h1", "h2", "h3", "h4"];
  const [, two = "", three = "", four = ""] = await rolloutMachinesAdd(clients, names);
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "h", profile: "web", machines: names });
  await rollouts.rolloutStart(command("h"));
  await turn();
  await installations.installationCancel({ requestId: randomUUID(), machine: four, generation: 1n });
  await installationsFinish(fleet, () => "the program mke2fs failed");
  await turn();
  expect(await statesOf("h")).toBe("h1 failed, h2 failed, h3 failed, h4 failed");
  // The second is installed by hand and in service, the third serves another purpose, the fourth was cancelled on purpose.
  await installations.installationRequest({ requestId: randomUUID(), machine: two, profile: "web" });
  await installationsFinish(fleet);
  await machines.machineUpdate({ requestId: randomUUID(), machine: three, setLabels: { role: "db" } });
  const retried = await rollouts.rolloutRetryFailed(command("h"));
  expect(retried).toMatchObject({ machines: 1, kept: 3 });
  await turn();
  expect([await statesOf("h"), await lastGenerations("h_")]).toEqual([
    "h1 requested, h2 failed, h3 failed, h4 failed",
    "h1 2, h2 2, h3 1, h4 1",
  ]);
  await installationsFinish(fleet);
  await turn();
  expect((await refusal(rollouts.rolloutRetryFailed(command("h"))))[1]).toContain("--cause silent");
  expect(await rollouts.rolloutRetryFailed({ ...command("h"), causes: ["cancelled"] })).toMatchObject({
    machines: 1,
    kept: 2,
  });
  await turn();
  await installationsFinish(fleet);
  await turn();
  expect(await statesOf("h")).toBe("h1 good, h2 failed, h3 failed, h4 good");
});

test("a shepherd that may not use the secrets' keys carries out no rollout, and lets go of those it has", async () => {
  await rolloutMachinesAdd(clients, ["i1"]);
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "i", profile: "web", machines: ["i1"] });
  await rollouts.rolloutStart(command("i"));
  let problem: string | undefined;
  const shepherd = (of: RolloutRequester): AsyncDisposable => {
    const stop = new AbortController();
    const sessions = sessionHold(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
    const running = rolloutLoop({
      ...{ database: fleet.database, sessions, clock: systemClock, log: silent, metrics: createMetrics() },
      ...{ requester: of, signal: stop.signal, interval: 20 },
    });
    return {
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await running;
        await sessions[Symbol.asyncDispose]();
      },
    };
  };
  const held = () => fleet.rows("SELECT FROM rollout WHERE rollout_name = 'i' AND session_id IS NOT NULL");
  await using first = shepherd({ problem: () => problem, request: () => Promise.reject(new Error("busy")) });
  void first;
  await waitFor("the first shepherd to hold it", async () => (await held()).length === 1);
  problem = "the key file can't be read";
  await waitFor("it to be let go", async () => (await held()).length === 0);
  await using second = shepherd(requester);
  void second;
  await waitFor("the second to request it", async () => (await lastGenerations("i_")) === "i1 1");
});
