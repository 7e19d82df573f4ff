import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { rolloutRequester } from "../../src/operator-api/rollout/rollout-requester.ts";
import { operatorFixture, refusal } from "../../src/operator-api/testing/operator-fixture.ts";
import { templateRenderer } from "../../src/profiles/template-renderer.ts";
import { installationsFinish, rolloutMachinesAdd, rolloutProfileMake, rolloutTurns } from "../support/rollouts.ts";

const { fleet, clients, dependencies } = await operatorFixture();
const { rollouts, machines } = clients;
await rolloutProfileMake(fleet, clients);

const requester = rolloutRequester({ ...dependencies, templates: templateRenderer() });
const command = (rollout: string) => ({ requestId: randomUUID(), rollout });
const why = async (call: Promise<unknown>) => (await refusal(call)).join(" ");
const { turn, stateOf } = rolloutTurns(fleet, requester);

test("a rollout is deleted once it has ended, and not before; its machines' history stays", async () => {
  const names = ["d1", "d2"];
  await rolloutMachinesAdd(clients, names);
  const { rollout } = await rollouts.rolloutCreate({
    ...{ requestId: randomUUID(), profile: "web", machines: names, waves: [1, 0] },
  });
  const name = rollout?.name ?? "";
  const cancelFirst = `\`farrier rollout cancel ${name}\` ends it, and then it can be deleted`;
  expect(await why(rollouts.rolloutDelete(command(name)))).toContain(`is planned: ${cancelFirst}`);
  await rollouts.rolloutStart(command(name));
  await turn();
  await turn();
  expect(await why(rollouts.rolloutDelete(command(name)))).toContain(`is running: ${cancelFirst}`);
  await rollouts.rolloutCancel(command(name));
  await turn();
  expect(await why(rollouts.rolloutDelete(command(name)))).toContain(
    `is still being installed: delete it once \`farrier rollout show ${name}\` has none that is running; \`farrier machine cancel d1\` stops one`,
  );
  await installationsFinish(fleet);
  await turn();
  const told = async () =>
    (await machines.machineHistory({ machine: "d1" })).entries
      .map(({ event }) => event)
      .filter((event) => event !== "");
  const before = await told();
  expect(before).toContain("rollout_good");
  const deletion = command(name);
  await rollouts.rolloutDelete(deletion);
  expect(await why(rollouts.rolloutShow({ rollout: name }))).toContain(`there is no rollout "${name}"`);
  expect(await why(rollouts.rolloutDelete(command(name)))).toContain(`there is no rollout "${name}"`);
  await rollouts.rolloutDelete(deletion);
  expect(await told()).toEqual(before);
  for (const table of ["rollout_machine", "rollout_event", "machine_rollout_hold"]) {
    expect(await fleet.rows(`SELECT FROM ${table}`)).toEqual([]);
  }
});

test("the name of a deleted rollout is not given to another one, and a done rollout that goes on is not deleted", async () => {
  await rolloutMachinesAdd(clients, ["e1"]);
  const create = async () =>
    (await rollouts.rolloutCreate({ requestId: randomUUID(), profile: "web", machines: ["e1"] })).rollout?.name ?? "";
  const first = await create();
  await rollouts.rolloutStart(command(first));
  await turn();
  await installationsFinish(fleet, () => "disk sda is in use: mounted");
  await turn();
  expect(await stateOf(first)).toBe("done");
  await rollouts.rolloutRetryFailed(command(first));
  expect(await why(rollouts.rolloutDelete(command(first)))).toContain("is running: ");
  await turn();
  await installationsFinish(fleet);
  await turn();
  await rollouts.rolloutDelete(command(first));
  expect(await create()).not.toBe(first);
});
