import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { recordingLog } from "../../test/support/recording-log.ts";
import { requestRaw, silent, testFleet, type Fleet, type TestMachine } from "../../test/support/fleet.ts";
import { credentialId, requestId } from "../database/ids.ts";
import { credentialCreate } from "../database/queries/secret/credential.ts";
import { imageSourcePlace, profileSpecPlace } from "../secrets/image-source.ts";
import { credentialNextSeal, credentialOpen, credentialPlace } from "../secrets/credential-open.ts";
import { requestOpen, requestSeal } from "../secrets/installation-request.ts";
import { keyRing, type KeyRing } from "../secrets/key-ring.ts";
import { sealedKeyId } from "../secrets/seal.ts";
import type { SecretsKey } from "../secrets/secrets-key.ts";
import { testKeyRing, testSecretsKey } from "../secrets/testing/key-ring.ts";
import { rolloutValuesPlace } from "../secrets/rollout-values.ts";
import { unopenedFind } from "../secrets/unopened.ts";
import { webhookPlace, webhookTargetOpen } from "../secrets/webhook-target.ts";
import { secretsUse } from "../database/queries/secret/secrets-show.ts";
import { secretsSealTask } from "./secrets-seal.ts";

/** A ring that seals by the last of the keys. */
function ringOf(...keys: SecretsKey[]): KeyRing {
  const records = keys.map(({ id: keyId, checkValue }, index) => ({
    keyId,
    checkValue,
    state: index === keys.length - 1 ? ("current" as const) : ("old" as const),
    madeAt: new Date(0),
    stateSince: new Date(0),
  }));
  const state = { keys, records, keyFile: "secrets-key" };
  return keyRing(() => state);
}

async function stored(fleet: Fleet, { machineId }: TestMachine): Promise<Uint8Array> {
  const rows = await fleet.rows<{ raw: Buffer }>(
    "SELECT os_installation_request_raw AS raw FROM machine_os_installation_request WHERE machine_id = $1",
    machineId,
  );
  return rows[0]?.raw ?? new Uint8Array();
}

test("requests in clear, as SQL stores them, are sealed; what opens is what was stored", async () => {
  await using fleet = await testFleet();
  const ring = testKeyRing();
  const machines = await Promise.all(Array.from({ length: 5 }, () => fleet.add()));
  for (const machine of machines) {
    await fleet.request(machine);
  }
  const [state] = await fleet.rows("SELECT max(changed_xact::text::bigint)::text AS n FROM machine_state");
  const task = secretsSealTask(fleet.database, ring, silent);
  expect(await task.run()).toEqual({ requests: 5 });
  for (const machine of machines) {
    const sealed = await stored(fleet, machine);
    expect(sealedKeyId(sealed)).toBe(ring.current());
    const generation = await fleet.rows<{ generation: bigint }>(
      "SELECT generation FROM machine_os_installation_request WHERE machine_id = $1",
      machine.machineId,
    );
    expect(generation).toEqual([{ generation: 1n }]);
    const owner = { machineId: machine.machineId, generation: 1n as Parameters<typeof requestOpen>[1]["generation"] };
    expect(Buffer.from(requestOpen(ring, owner, sealed))).toEqual(Buffer.from(requestRaw(1n)));
  }
  // Nobody who watches machines hears of it.
  expect(await fleet.rows("SELECT max(changed_xact::text::bigint)::text AS n FROM machine_state")).toEqual([state]);
  expect(await task.run()).toEqual({});
});

test("what an old key sealed is sealed anew: requests, and both secrets of a credential", async () => {
  await using fleet = await testFleet();
  const [old, current] = [testSecretsKey(), testSecretsKey()];
  const before = ringOf(old);
  const machine = await fleet.add();
  await fleet.request(machine);
  await secretsSealTask(fleet.database, before, silent).run();
  const id = credentialId(randomUUID());
  await credentialCreate(fleet.database, {
    requestId: requestId(randomUUID()),
    command: "credential_create",
    bodyDigests: [Buffer.alloc(32)],
    credentialId: id,
    name: "rack7",
    kind: "bmc",
    userName: "root",
    allowed: ["10.0.0.0/8"],
    sealedSecret: before.seal(credentialPlace(id, "secret"), Buffer.from("one")),
    createdBy: "token",
  });
  await credentialNextSeal(fleet.database.kysely, before, id, "two");
  const after = ringOf(old, current);
  const task = secretsSealTask(fleet.database, after, silent);
  expect(await task.run()).toEqual({ credentials: 1, requests: 1 });
  expect(await task.run()).toEqual({});
  const alone = ringOf(current);
  expect(await credentialOpen(fleet.database, alone, id)).toMatchObject({ secret: "one", nextSecret: "two" });
  expect(sealedKeyId(await stored(fleet, machine))).toBe(current.id);
});

test("rows that do not open are passed over, and keep no other from being sealed; with their key they are sealed too", async () => {
  await using fleet = await testFleet();
  const [lost, current] = [testSecretsKey(), testSecretsKey()];
  const machines = await Promise.all(Array.from({ length: 3 }, () => fleet.add()));
  for (const [index, machine] of machines.entries()) {
    const owner = { machineId: machine.machineId, generation: 1n as Parameters<typeof requestSeal>[1]["generation"] };
    // The last one is another machine's.
    const of = index === 2 ? { ...owner, machineId: machines[0]?.machineId ?? owner.machineId } : owner;
    await fleet.request(machine, { raw: requestSeal(ringOf(lost), of, requestRaw(1n)) });
  }
  const clear = await fleet.add();
  await fleet.request(clear);
  expect(await secretsSealTask(fleet.database, ringOf(current), silent).run()).toEqual({ requests: 1 });
  const { log, lines } = recordingLog();
  const task = secretsSealTask(fleet.database, ringOf(lost, current), log);
  expect(await task.run()).toEqual({ requests: 2 });
  expect(await task.run()).toEqual({});
  // It is logged once, with its machine and why.
  expect(lines).toMatchObject([
    { level: 40, machine: machines[2]?.machineId, problem: expect.stringContaining("does not open with key") },
  ]);
});

test("two janitors at once seal each row once, and a request that is made meanwhile is not touched", async () => {
  await using fleet = await testFleet({ connections: 4 });
  const ring = testKeyRing();
  const machines = await Promise.all(Array.from({ length: 20 }, () => fleet.add()));
  for (const machine of machines) {
    await fleet.request(machine);
  }
  const [one, other, replaced] = await Promise.all([
    secretsSealTask(fleet.database, ring, silent).run(),
    secretsSealTask(fleet.database, ring, silent).run(),
    fleet.request(machines[0] ?? (await fleet.add()), { replace: 1n }),
  ]);
  const count = Number(one["requests"] ?? 0) + Number(other["requests"] ?? 0);
  expect(count).toBeGreaterThanOrEqual(19);
  expect(count).toBeLessThanOrEqual(21);
  expect(replaced).toBe(2n);
  await secretsSealTask(fleet.database, ring, silent).run();
  for (const machine of machines) {
    expect(sealedKeyId(await stored(fleet, machine))).toBe(ring.current());
  }
});

test("what an old key sealed of images and profiles is sealed anew; a row that does not open is named", async () => {
  await using fleet = await testFleet();
  const [old, current] = [testSecretsKey(), testSecretsKey()];
  const [before, after] = [ringOf(old), ringOf(old, current)];
  const owner = { name: "debian", version: 1 };
  await fleet.rows("INSERT INTO catalogue_image (image_name, created_by) VALUES ('debian', 't')");
  await fleet.rows("INSERT INTO profile (profile_name, created_by) VALUES ('debian', 't')");
  const source = before.seal(imageSourcePlace(owner), Buffer.from("source"));
  await fleet.rows(
    `INSERT INTO image_version (image_name, version, sealed_source, shown_url, signed, cached, created_by)
     VALUES ('debian', 1, $1, 'u', false, false, 't'), ('debian', 2, $1, 'u', false, false, 't')`,
    Buffer.from(source),
  );
  await fleet.rows(
    `INSERT INTO profile_version (profile_name, version, sealed_spec, image, image_name, applied_by)
     VALUES ('debian', 1, $1, 'debian', 'debian', 't')`,
    Buffer.from(before.seal(profileSpecPlace(owner), Buffer.from("spec"))),
  );
  // More than go into one statement.
  for (let version = 3; version <= 120; version += 1) {
    await fleet.rows(
      `INSERT INTO image_version (image_name, version, sealed_source, shown_url, signed, cached, created_by)
       VALUES ('debian', $1, $2, 'u', false, false, 't')`,
      version,
      Buffer.from(before.seal(imageSourcePlace({ name: "debian", version }), Buffer.from("source"))),
    );
  }
  const recorded = recordingLog();
  expect(await secretsSealTask(fleet.database, after, recorded.log).run()).toEqual({ versions: 120 });
  const [image] = await fleet.rows<{ sealed: Buffer }>(
    "SELECT sealed_source AS sealed FROM image_version WHERE version = 1",
  );
  const [profile] = await fleet.rows<{ sealed: Buffer }>("SELECT sealed_spec AS sealed FROM profile_version");
  const alone = ringOf(current);
  expect(Buffer.from(alone.open(imageSourcePlace(owner), image?.sealed ?? source)).toString()).toBe("source");
  expect(Buffer.from(alone.open(profileSpecPlace(owner), profile?.sealed ?? source)).toString()).toBe("spec");
  // The second version has the first one's bytes, which open for that row alone.
  expect(recorded.count(/image debian@2|does not open/u)).toBe(1);
});

test("what an old key sealed of rollouts and webhooks is sealed anew; a row that does not open is named", async () => {
  await using fleet = await testFleet();
  const [old, current] = [testSecretsKey(), testSecretsKey()];
  const [before, after] = [ringOf(old), ringOf(old, current)];
  const values = before.seal(rolloutValuesPlace("night"), Buffer.from("{}"));
  const ids = [randomUUID(), randomUUID()];
  const target = before.seal(webhookPlace(ids[0] ?? ""), Buffer.from('{"url":"https://tickets.example.org"}'));
  // The second row of each has the first one's bytes, which open for that row alone.
  await fleet.rows(
    `INSERT INTO rollout (rollout_name, profile_name, profile_version, sealed_values, waves, parallel, created_by)
     VALUES ('night', 'web', 1, $1, '{0}', 1, 't'), ('day', 'web', 1, $1, '{0}', 1, 't')`,
    Buffer.from(values),
  );
  await fleet.rows(
    `INSERT INTO webhook (webhook_id, webhook_name, shown_url, sealed_target, events, private_allowed, created_by)
     VALUES ($1, 'tickets', 'u', $3, '{}', false, 't'), ($2, 'chat', 'u', $3, '{}', false, 't')`,
    ...[ids[0], ids[1], Buffer.from(target)],
  );
  // Keys that are recorded are counted, as `farrier secrets show` has them.
  await fleet.rows(
    "INSERT INTO secrets_key (key_id, check_value, state) VALUES ($1, $2, 'old')",
    old.id,
    Buffer.from(old.checkValue),
  );
  expect((await secretsUse(fleet.database)).byKey.get(old.id)).toMatchObject({ rollouts: 2, webhooks: 2, images: 0 });
  const recorded = recordingLog();
  const task = secretsSealTask(fleet.database, after, recorded.log);
  expect(await task.run()).toEqual({ versions: 2 });
  expect(await task.run()).toEqual({});
  const alone = ringOf(current);
  const [rollout] = await fleet.rows<{ sealed: Buffer }>(
    "SELECT sealed_values AS sealed FROM rollout WHERE rollout_name = 'night'",
  );
  const [webhook] = await fleet.rows<{ sealed: Buffer }>(
    "SELECT sealed_target AS sealed FROM webhook WHERE webhook_name = 'tickets'",
  );
  expect(Buffer.from(alone.open(rolloutValuesPlace("night"), rollout?.sealed ?? values)).toString()).toBe("{}");
  expect(webhookTargetOpen(alone, ids[0] ?? "", webhook?.sealed ?? target)).toEqual({
    url: "https://tickets.example.org",
  });
  expect(recorded.lines.map((line) => line["row"])).toEqual(["rollout day", "webhook chat"]);
  expect(await unopenedFind(fleet.database, after, [old.id], 10)).toMatchObject([
    { rollout: "day", problem: expect.stringContaining("does not open") as string },
    { webhook: "chat", problem: expect.stringContaining("does not open") as string },
  ]);
});
