// A rollout over machines that are installed and running: by their controllers where they have one; the others are told.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RolloutMachineState } from "../../gen/farrier/operator/v1/rollout_pb.ts";
import { rolloutMachineRow } from "../../src/cli/show/rollout-lines.ts";
import { rolloutRequester } from "../../src/operator-api/rollout/rollout-requester.ts";
import { testClients, testDependencies, type TestDependencies } from "../../src/operator-api/testing/operator-api.ts";
import { templateRenderer } from "../../src/profiles/template-renderer.ts";
import { type ControlledFleet, controlledFleet } from "../../src/shepherd/testing/controlled-fleet.ts";
import { fakeControllers } from "../../src/shepherd/testing/fake-controller.ts";
import { testShepherd } from "../../src/shepherd/testing/test-shepherd.ts";
import { installationsFinish, rolloutMachinesAdd, rolloutProfileMake } from "../support/rollouts.ts";
import { waitFor } from "../support/wait.ts";

let all: ControlledFleet;
let dependencies: TestDependencies;
beforeAll(async () => {
  all = await controlledFleet();
  dependencies = testDependencies(all.fleet.test.connection);
});
afterAll(async () => {
  await dependencies[Symbol.asyncDispose]();
  await all[Symbol.asyncDispose]();
});

test("installed machines that run: one is taken by its controller, the one without a means stays pending and is told so", async () => {
  const { fleet } = all;
  const clients = testClients(dependencies);
  const { rollouts, machines, installations } = clients;
  const fakes = fakeControllers();
  const identity = { smbiosUuid: randomUUID(), macs: ["52:54:00:00:00:01"] };
  const fake = fakes.at("https://bmc1");
  fake.facts = identity;
  fake.power = "on";
  let controlled = "";
  {
    await using _shepherd = testShepherd(fleet, { controllers: fakes.access });
    controlled = await all.added("https://bmc1");
  }
  await machines.machineUpdate({ requestId: randomUUID(), machine: controlled, name: "with" });
  await rolloutMachinesAdd(clients, ["without"]);
  await rolloutProfileMake(fleet, clients);
  for (const machine of ["with", "without"]) {
    await installations.installationRequest({ requestId: randomUUID(), machine, profile: "web" });
  }
  expect(await installationsFinish(fleet)).toEqual(["with", "without"]);
  expect(fake.done).toEqual([]);

  const named = ["with", "without"];
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "night", profile: "web", machines: named });
  const starts = async (): Promise<string[]> =>
    (await rollouts.rolloutMachineList({ rollout: "night" })).machines.map(({ start }) => start);
  const nothing = expect.stringMatching(/^nothing starts an agent on it: it stays pending until somebody boots it/u);
  expect(await starts()).toEqual(["by its controller", nothing]);
  await rollouts.rolloutStart({ requestId: randomUUID(), rollout: "night" });
  const requester = rolloutRequester({ ...dependencies, templates: templateRenderer() });
  await using _shepherd = testShepherd(fleet, { controllers: fakes.access, requester });
  await waitFor("the start by the controller", () => fake.done.includes("power on"));
  // An override that the firmware has not used is taken away before.
  expect(fake.done.filter((command) => command !== "clear")).toEqual(["power off", "boot network once", "power on"]);
  await all.bootAndEnroll(identity);

  const stuck = (await rollouts.rolloutMachineList({ rollout: "night" })).machines.at(-1);
  expect([stuck?.state, stuck?.start]).toEqual([RolloutMachineState.REQUESTED, nothing]);
  expect(stuck === undefined ? "" : rolloutMachineRow(stuck).at(-1)).toContain("nothing starts an agent on it");
  const { lines } = await machines.machineExplain({ machine: "without" });
  expect(lines.join("\n")).toMatch(/^next: none by itself: [^\n]*provider static has no power switch/mu);
  expect(lines.join("\n")).toMatch(/rollout night holds it: its turn in wave 1 has come/u);

  await installationsFinish(fleet);
  await waitFor("the rollout's end", async () => {
    const { rollout } = await rollouts.rolloutShow({ rollout: "night" });
    return rollout?.counts?.good === 2;
  });
});
