import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { operatorFixture, refusal } from "../../src/operator-api/testing/operator-fixture.ts";
import { rolloutRequester } from "../../src/operator-api/rollout/rollout-requester.ts";
import { templateRenderer } from "../../src/profiles/template-renderer.ts";
import { installationsFinish, rolloutMachinesAdd, rolloutProfileMake, rolloutTurns } from "../support/rollouts.ts";

const { fleet, clients, dependencies } = await operatorFixture();
const { rollouts, machines, installations } = clients;
await rolloutProfileMake(fleet, clients);

const requester = rolloutRequester({ ...dependencies, templates: templateRenderer() });
const command = (rollout: string) => ({ requestId: randomUUID(), rollout });
const { turn, stateOf, statesOf } = rolloutTurns(fleet, requester);

test("waves: the next begins when each machine of the one before is good or has failed", async () => {
  const names = ["a1", "a2", "a3", "a4"];
  await rolloutMachinesAdd(clients, names);
  const { rollout } = await rollouts.rolloutCreate({
    requestId: randomUUID(),
    profile: "web",
    machines: names,
    waves: [1, 2, 0],
  });
  const name = rollout?.name ?? "";
  expect(rollout).toMatchObject({ name: "web-1", profile: "web@1", counts: { machines: 4, planned: 4 } });
  await turn();
  expect(await statesOf(name)).toBe("a1 planned, a2 planned, a3 planned, a4 planned");
  await rollouts.rolloutStart(command(name));
  await turn();
  await turn();
  expect(await statesOf(name)).toBe("a1 requested, a2 waiting, a3 waiting, a4 waiting");
  expect(await installationsFinish(fleet)).toEqual(["a1"]);
  await turn();
  await turn();
  expect(await statesOf(name)).toBe("a1 good, a2 requested, a3 requested, a4 waiting");
  expect(
    await installationsFinish(fleet, (each) => (each === "a3" ? "disk sda is in use: mounted" : undefined)),
  ).toEqual(["a2", "a3"]);
  await turn();
  await turn();
  expect(await statesOf(name)).toBe("a1 good, a2 good, a3 failed, a4 requested");
  await installationsFinish(fleet);
  await turn();
  expect([await stateOf(name), await statesOf(name)]).toEqual(["done", "a1 good, a2 good, a3 failed, a4 good"]);
  const shown = await rollouts.rolloutShow({ rollout: name });
  expect(shown.causes).toMatchObject([
    { cause: "disk-busy", machines: 1, machineName: "a3", error: "disk sda is in use: mounted" },
  ]);
  expect(shown.events.map(({ event }) => event).toReversed()).toEqual([
    "created",
    "started",
    "wave_begun",
    "wave_begun",
    "wave_begun",
    "done",
  ]);
  expect(await rollouts.rolloutRetryFailed(command(name))).toMatchObject({ machines: 1 });
  await turn();
  await installationsFinish(fleet);
  await turn();
  expect([await stateOf(name), await statesOf(name)]).toEqual(["done", "a1 good, a2 good, a3 good, a4 good"]);
  expect(
    await fleet.rows("SELECT name, last_generation FROM machines WHERE name LIKE 'a_' ORDER BY name"),
  ).toMatchObject([1n, 1n, 2n, 1n].map((generation) => ({ last_generation: generation })));
});

test("a wave waits for its systems' reports; silence is a failure, and a late report mends it", async () => {
  const names = ["e1", "e2", "e3"];
  await rolloutMachinesAdd(clients, names);
  const created = { requestId: randomUUID(), name: "e", profile: "web", machines: names, waves: [2, 0], stopAfter: 1 };
  await rollouts.rolloutCreate(created);
  await rollouts.rolloutStart(command("e"));
  await turn();
  // As a profile that expects a report does.
  await fleet.rows(
    `INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256)
     SELECT machine_id, generation, 900, sha256(name::bytea) FROM machine_os_installation_request
     JOIN machines USING (machine_id) WHERE name IN ('e1', 'e2')`,
  );
  const heard = (name: string) =>
    fleet.rows(
      `UPDATE machine_came_up SET heard_at = now(), heard_over = 'tls', report = '{}'
       WHERE machine_id = (SELECT machine_id FROM machines WHERE name = $1)`,
      name,
    );
  await installationsFinish(fleet);
  await fleet.rows("UPDATE machine_came_up SET unasked = NULL, deadline_at = now() + interval '15 minutes'");
  await turn();
  expect(await statesOf("e")).toBe("e1 requested, e2 requested, e3 waiting");
  await heard("e1");
  await turn();
  expect(await statesOf("e")).toBe("e1 good, e2 requested, e3 waiting");
  await fleet.rows("UPDATE machine_came_up SET silent_at = now(), deadline_at = now() WHERE heard_at IS NULL");
  await turn();
  expect([await stateOf("e"), await statesOf("e")]).toEqual(["stopped", "e1 good, e2 failed, e3 waiting"]);
  const shown = await rollouts.rolloutShow({ rollout: "e" });
  expect(shown.causes).toMatchObject([{ cause: "silent", machines: 1 }]);
  await heard("e2");
  expect(await rollouts.rolloutRetryFailed(command("e"))).toMatchObject({ machines: 0 });
  await turn();
  await installationsFinish(fleet);
  await turn();
  expect([await stateOf("e"), await statesOf("e")]).toEqual(["done", "e1 good, e2 good, e3 good"]);
  expect(await fleet.rows("SELECT last_generation FROM machines WHERE name IN ('e1', 'e2', 'e3')")).toEqual(
    names.map(() => ({ last_generation: 1n })),
  );
});

test("explain names the rollout that holds a machine, or in which it failed, and the command", async () => {
  await rolloutMachinesAdd(clients, ["x1", "x2"]);
  const explained = async (machine: string): Promise<string> =>
    (await machines.machineExplain({ machine })).lines.filter((line) => line.includes("rollout")).join("\n");
  const created = {
    requestId: randomUUID(),
    name: "x",
    profile: "web",
    machines: ["x1", "x2"],
    waves: [1, 0],
    stopAfter: 1,
  };
  await rollouts.rolloutCreate(created);
  expect(await explained("x1")).toBe("");
  await rollouts.rolloutStart(command("x"));
  await turn();
  expect(await explained("x1")).toMatch(/rollout x holds it: its turn in wave 1 has come/u);
  expect(await explained("x2")).toMatch(/rollout x holds it for wave 2: its turn has not come\nyou can/u);
  await installationsFinish(fleet, () => "the program mke2fs failed");
  await turn();
  expect(await explained("x1")).toMatch(
    /it failed in rollout x, in wave 1\nyou can: [^\n]*`farrier rollout retry-failed x`/u,
  );
  expect(await explained("x2")).toMatch(/the rollout is stopped\nyou can: [^\n]*`farrier rollout resume x`/u);
  await rollouts.rolloutCancel(command("x"));
  expect(await explained("x2")).toBe("");
  // A newer installation of its own is no longer about the rollout.
  await installations.installationRequest({ requestId: randomUUID(), machine: "x1", profile: "web" });
  expect(await explained("x1")).toBe("");
  await installationsFinish(fleet);
});

test("the rule about failures stops it; a resumed one counts anew", async () => {
  const names = ["b1", "b2", "b3", "b4", "b5"];
  await rolloutMachinesAdd(clients, names);
  const created = { requestId: randomUUID(), name: "b", profile: "web", machines: names, parallel: 2, stopAfter: 2 };
  await rollouts.rolloutCreate(created);
  // Repeated: the same answer, whatever became of it.
  expect((await rollouts.rolloutCreate(created)).rollout).toMatchObject({ name: "b" });
  await rollouts.rolloutStart(command("b"));
  await turn();
  await installationsFinish(fleet, () => "the program mke2fs failed");
  await turn();
  expect([await stateOf("b"), await statesOf("b")]).toEqual([
    "stopped",
    "b1 failed, b2 failed, b3 waiting, b4 waiting, b5 waiting",
  ]);
  await rollouts.rolloutResume(command("b"));
  await turn();
  await installationsFinish(fleet, (each) => (each === "b3" ? "the program mke2fs failed" : undefined));
  await turn();
  expect([await stateOf("b"), await statesOf("b")]).toEqual([
    "running",
    "b1 failed, b2 failed, b3 failed, b4 good, b5 requested",
  ]);
  await rollouts.rolloutPause(command("b"));
  await installationsFinish(fleet);
  await turn();
  expect([await stateOf("b"), (await statesOf("b")).endsWith("b5 good")]).toEqual(["paused", true]);
  await rollouts.rolloutCancel(command("b"));
  expect((await refusal(rollouts.rolloutResume(command("b"))))[1]).toContain('rollout "b" is cancelled');
});

test("machines that have changed since the plan, or that another rollout holds, are left out and listed", async () => {
  const [one = "", two = "", three = ""] = await rolloutMachinesAdd(clients, ["c1", "c2", "c3", "c4", "c5", "c6"]);
  await machines.machineQuarantine({ requestId: randomUUID(), machine: "c5", reason: "smoke" });
  const create = (name: string, named: string[]) =>
    rollouts.rolloutCreate({ requestId: randomUUID(), name, profile: "web", machines: named });
  const made = await create("c", [one, two, three, "c4", "c5", "c6"]);
  expect(made.rollout?.counts).toMatchObject({ machines: 6, planned: 6, refused: 1 });
  await create("other", ["c4"]);
  await rollouts.rolloutStart(command("other"));
  // Another request, other labels, other hardware.
  await installations.installationRequest({ requestId: randomUUID(), machine: one, profile: "web" });
  await machines.machineUpdate({ requestId: randomUUID(), machine: two, setLabels: { rack: "b13" } });
  await fleet.rows(
    `INSERT INTO machine_hardware_report (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint,
       hardware_report_raw) VALUES ($1, 1, now(), decode(repeat('ab', 32), 'hex'), '')`,
    three,
  );
  const planned = await rollouts.rolloutMachineList({ rollout: "c" });
  expect(planned.machines.map(({ changed, refused }) => refused || changed.split(" ").slice(0, 3).join(" "))).toEqual([
    "another installation was",
    "its labels changed",
    "its hardware report,",
    "",
    "it is in quarantine (smoke): release it first",
    "",
  ]);
  await rollouts.rolloutStart(command("c"));
  const { causes } = await rollouts.rolloutShow({ rollout: "c" });
  expect(causes.map(({ cause }) => cause).toSorted()).toEqual([
    "changed-generation",
    "changed-hardware",
    "changed-labels",
    "held",
    "refused",
  ]);
  await turn();
  expect((await statesOf("c")).split(", ").at(-1)).toBe("c6 requested");
  expect(
    await fleet.rows(
      "SELECT detail ->> 'reason' AS reason FROM history WHERE event = 'rollout_left_out' AND machine_id = $1",
      two,
    ),
  ).toEqual([{ reason: "its labels changed since the plan" }]);
  await installationsFinish(fleet);
  await turn();
});

test("a machine is asked exactly once, wherever the shepherd dies", async () => {
  await rolloutMachinesAdd(clients, ["d1", "d2"]);
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "d", profile: "web", machines: ["d1", "d2"] });
  await rollouts.rolloutStart(command("d"));
  // It dies before the first request, and after the second.
  let calls = 0;
  await turn(async (order) => {
    calls += 1;
    if (calls === 2) {
      await requester.request(order);
    }
    throw new Error("killed");
  });
  expect(await statesOf("d")).toBe("d1 requested, d2 requested");
  await turn();
  await turn();
  expect(
    await fleet.rows(
      `SELECT m.name, m.last_generation, r.generation, r.attempt FROM machines m JOIN rollout_machine r USING (machine_id)
       WHERE name LIKE 'd_' ORDER BY name`,
    ),
  ).toEqual(["d1", "d2"].map((name) => ({ name, last_generation: 1n, generation: 1n, attempt: 1 })));
  await installationsFinish(fleet);
  await turn();
  expect(await stateOf("d")).toBe("done");
  expect(
    await fleet.rows("SELECT FROM machine_rollout_hold l JOIN machines m USING (machine_id) WHERE name LIKE 'd_'"),
  ).toEqual([]);
});
