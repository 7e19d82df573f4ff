// A command that is given again, for example because its answer was lost, finds what it was about deleted meanwhile.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testReceiver, type TestReceiver } from "../../src/events/testing/webhook-receiver-server.ts";
import { operatorFixture, refusal } from "../../src/operator-api/testing/operator-fixture.ts";
import { rolloutMachinesAdd, rolloutProfileMake } from "../support/rollouts.ts";

const { fleet, clients } = await operatorFixture();
const { images, profiles, rollouts, webhooks } = clients;
await rolloutProfileMake(fleet, clients);
await rolloutMachinesAdd(clients, ["one"]);
let receiver: TestReceiver;
beforeAll(async () => {
  receiver = await testReceiver();
});
afterAll(() => receiver[Symbol.asyncDispose]());

const id = randomUUID;
const told = (what: string) => [
  "NotFound",
  expect.stringMatching(
    new RegExp(
      `^this command was carried out, and ${what} was deleted since, by \\S+ at 20[0-9T:.-]+Z: to make another, give the command again with a new request id$`,
      "u",
    ),
  ),
];

test("a rollout: also where another one has its name now, and for commands about it", async () => {
  const made = { requestId: id(), name: "tonight", profile: "web", machines: ["one"] };
  await rollouts.rolloutCreate(made);
  const cancelled = { requestId: id(), rollout: "tonight" };
  await rollouts.rolloutCancel(cancelled);
  await rollouts.rolloutDelete({ requestId: id(), rollout: "tonight" });
  expect(await refusal(rollouts.rolloutCreate(made))).toEqual(told('rollout "tonight"'));
  expect(await refusal(rollouts.rolloutCancel(cancelled))).toEqual([
    "NotFound",
    expect.stringMatching(/rollout "tonight" was deleted since, by .*: there is nothing more to do$/u),
  ]);
  await rollouts.rolloutCreate({ ...made, requestId: id() });
  expect(await refusal(rollouts.rolloutCreate(made))).toEqual(told('rollout "tonight"'));
});

test("a rollout that was forgotten as one of the oldest, or by an earlier version: it is not said who", async () => {
  const made = { requestId: id(), name: "forgotten", profile: "web", machines: ["one"] };
  await rollouts.rolloutCreate(made);
  await fleet.rows("DELETE FROM rollout WHERE rollout_name = 'forgotten'");
  expect((await refusal(rollouts.rolloutCreate(made))).join(" ")).toContain(
    'rollout "forgotten" was deleted since: to',
  );
});

test("a webhook: also where another one has its name now", async () => {
  const more = { caCertificates: Buffer.from(receiver.certificates), url: receiver.url, name: "hook" };
  const made = { requestId: id(), ...more };
  await webhooks.webhookAdd(made);
  await webhooks.webhookDelete({ requestId: id(), name: "hook" });
  expect(await refusal(webhooks.webhookAdd(made))).toEqual(told('webhook "hook"'));
  await webhooks.webhookAdd({ requestId: id(), ...more });
  expect(await refusal(webhooks.webhookAdd(made))).toEqual(told('webhook "hook"'));
});

test("a version of an image, alone or with all others", async () => {
  const made = { requestId: id(), name: "old", url: "https://images.example.org/old.raw" };
  await images.imageAdd(made);
  await images.imageDelete({ requestId: id(), image: "old@1" });
  expect(await refusal(images.imageAdd(made))).toEqual(told("image old@1"));
  const second = { ...made, requestId: id() };
  await images.imageAdd(second);
  await images.imageDelete({ requestId: id(), image: "old" });
  expect(await refusal(images.imageAdd(second))).toEqual(told("image old@2"));
});

test("a profile", async () => {
  const made = { requestId: id(), name: "past", spec: { image: "debian", rootDisk: { serialNumber: "S1" } } };
  await profiles.profileApply(made);
  await profiles.profileDelete({ requestId: id(), name: "past" });
  expect(await refusal(profiles.profileApply(made))).toEqual(told('profile "past"'));
});
