import { generateKeyPairSync, randomUUID } from "node:crypto";
import type { DescMessage } from "@bufbuild/protobuf";
import { afterEach, expect, test } from "vitest";
import { ImageInstallationSchema, SignatureFormat } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { Role } from "../../gen/farrier/operator/v1/access_pb.ts";
import { generation, machineId } from "../../src/database/ids.ts";
import { rolloutShow } from "../../src/database/queries/rollout/rollout-record.ts";
import { installationsRetryTask } from "../../src/janitor/installations-retry.ts";
import { operatorServices } from "../../src/operator-api/caller/authorization.ts";
import { mutates } from "../../src/operator-api/interceptors/audit.ts";
import { rolloutRequester } from "../../src/operator-api/rollout/rollout-requester.ts";
import { isTest, repositoryFiles } from "../support/repository.ts";
import { testClients } from "../../src/operator-api/testing/operator-api.ts";
import { operatorFixture, refusal } from "../../src/operator-api/testing/operator-fixture.ts";
import { templateRenderer } from "../../src/profiles/template-renderer.ts";

const { fleet, clients, dependencies } = await operatorFixture();
const { images, policy, profiles, installations, machines, rollouts } = clients;
const digest = `sha256:${"ab".repeat(32)}`;
const allowed = "https://images.example.org/debian.raw";
const other = "https://alice:hunter2@other.example.org/debian.raw?key=hunter3";
const rootDisk = { serialNumber: "S1" };
const command = () => ({ requestId: randomUUID() });

const minisignPub = (): Uint8Array<ArrayBuffer> => {
  const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
  return Uint8Array.from(Buffer.concat([Buffer.from("Ed"), Buffer.from("01234567"), Buffer.from(x, "base64url")]));
};
const key = minisignPub();
const signature = (publicKey = key) => ({ format: SignatureFormat.MINISIGN, publicKey });

/** An image of the catalogue as if a server had fetched it, and a profile of the same name. */
async function imageReady(name: string, url: string, more: object = {}): Promise<void> {
  await images.imageAdd({ ...command(), name, url, ...more });
  await fleet.rows(
    `UPDATE image_version SET state = 'ready', digest = $2, ready_at = now(), facts = '{"unpackedBytes": 1000}'
     WHERE image_name = $1 AND state = 'fetching'`,
    name,
    digest,
  );
  await profiles.profileApply({ ...command(), name, spec: { image: name, rootDisk } });
}
const machine = async (name: string): Promise<string> =>
  (await machines.machineAdd({ ...command(), provider: "static", providerId: name, name })).machine?.id ?? "";
async function failed(name: string, asked: object): Promise<void> {
  const id = await machine(name);
  await installations.installationRequest({ ...command(), machine: id, retry: { attempts: 3 }, ...asked });
  await fleet.rows(
    "INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by) VALUES ($1, 1, 'error', 'agent')",
    id,
  );
}
const byUrl = (url: string, more: object = {}) => ({ image: { url, digest, rootDisk, ...more } });

// Before there is a policy.
await imageReady("early", other);
await failed("failed-url", byUrl(other));
await failed("failed-profile", { profile: "early" });
const rolled = await machine("rolled");
await machine("idle");
await rollouts.rolloutCreate({ ...command(), name: "early", profile: "early", machines: ["rolled"] });
await rollouts.rolloutStart({ ...command(), rollout: "early" });
const requester = rolloutRequester({ ...dependencies, templates: templateRenderer() });

const rule = {
  sources: { name: "our-mirror", sources: ["https://images.example.org/", "*.cdn.example.org"] },
  keys: { name: "release-key", keys: [signature()] },
  catalogue: { name: "curated", catalogueOnly: true },
};
const set = (given: (typeof rule)[keyof typeof rule]) => policy.policySet({ ...command(), ...given });
afterEach(async () => {
  for (const { name } of (await policy.policyShow({})).rules) {
    await policy.policyDelete({ ...command(), name });
  }
});

/** Of each command by which an image gets onto machines, its refusals. A new one must be added here. */
const ways: Readonly<Record<string, () => Promise<string[]>>> = {
  ImageAdd: async () => [(await refusal(images.imageAdd({ ...command(), name: "late", url: other })))[1]],
  InstallationRequest: async () => {
    const ask = async (more: object) =>
      (await refusal(installations.installationRequest({ ...command(), machine: "idle", ...more })))[1];
    return [
      await ask(byUrl(other)),
      await ask({ ...byUrl(other), dryRun: true }),
      await ask({ profile: "early" }),
      await ask({ profile: "early@1", dryRun: true }),
    ];
  },
  InstallationRetry: async () => {
    const again = async (name: string) =>
      (await refusal(installations.installationRetry({ ...command(), machine: name, generation: 1n })))[1];
    return [await again("failed-url"), await again("failed-profile")];
  },
  ProfileApply: async () => [
    (await refusal(profiles.profileApply({ ...command(), name: "late", spec: { image: "early", rootDisk } })))[1],
  ],
  RolloutCreate: async () => [
    (await refusal(rollouts.rolloutCreate({ ...command(), profile: "early", machines: ["idle"] })))[1],
  ],
  RolloutReplan: async () => [(await refusal(rollouts.rolloutReplan({ ...command(), rollout: "early" })))[1]],
  RolloutStart: async () => {
    const record = await rolloutShow(dependencies.database, "early");
    const order = { rollout: record, machineId: machineId(rolled), attempt: 1, generation: generation(1n) };
    const answer = await requester.request(order);
    return [answer.kind === "refused" ? answer.error : "ok"];
  },
};

/** Other commands with an image, a profile or a rollout in them, and why none brings an image onto a machine. */
const noWays: Readonly<Record<string, string>> = {
  ImageTag: "a version that is named by its tag is looked at when it is requested",
  ImageDelete: "deletes",
  ProfileDelete: "deletes",
  InstallationCancel: "cancels",
  RolloutPause: "stops",
  RolloutCancel: "cancels",
  RolloutDelete: "deletes",
  RolloutResume: "the shepherd requests each machine's installation as for RolloutStart",
  RolloutRetryFailed: "the shepherd requests each machine's installation as for RolloutStart",
};

function namesImage(message: DescMessage, seen: ReadonlySet<DescMessage> = new Set()): boolean {
  return (
    !seen.has(message) &&
    (message.typeName === ImageInstallationSchema.typeName ||
      message.fields.some(
        (field) =>
          /^(?:image|profile|rollout)(?:_|$)/u.test(field.name) ||
          (field.message !== undefined && namesImage(field.message, new Set([...seen, message]))),
      ))
  );
}

test("every command that names an image is in the table, or it is said why it need not be", () => {
  const services = /\.(?:Image|Profile|Rollout|Installation)Service$/u;
  const names = operatorServices.flatMap((service) =>
    (service.methods as readonly { name: string; input: DescMessage }[])
      .filter((method) => mutates(method) && (services.test(service.typeName) || namesImage(method.input)))
      .map(({ name }) => name),
  );
  expect(names.toSorted()).toEqual([...Object.keys(ways), ...Object.keys(noWays)].toSorted());
});

test("no other code makes a request: a process that makes one by itself must keep the policy too", async () => {
  const makes = /\b(?:installationRequest|installationRequestWrite|requestReserialise)\(/u;
  const files = (await repositoryFiles()).filter(({ path }) => /^src\/(?!cli\/|simulator\/|secrets\/)/u.test(path));
  const found = files.filter(({ path, text }) => !isTest(path) && makes.test(text)).map(({ path }) => path);
  expect(found.toSorted()).toEqual([
    "src/database/queries/installation/installation-request.ts",
    "src/database/queries/installation/installation-retry.ts",
    // By installationOrder, and with the policy's check of what is repeated.
    "src/janitor/installations-retry.ts",
    "src/operator-api/handlers/installation.ts",
    "src/operator-api/rollout/rollout-requester.ts",
  ]);
});

const counts = () =>
  fleet.rows(`SELECT (SELECT count(*) FROM image_version) AS images, (SELECT count(*) FROM profile_version) AS profiles,
    (SELECT count(*) FROM rollout) AS rollouts, (SELECT sum(generation) FROM machine_os_installation_request) AS requests`);

test.each(
  Object.entries(ways).flatMap(([name, way]) => [[name, "sources", way] as const, [name, "keys", way] as const]),
)("%s does not go around a rule about %s, and is told its name and what to do", async (_name, kind, way) => {
  const before = await counts();
  await set(rule[kind]);
  for (const text of await way()) {
    expect(text).toContain(`rule "${rule[kind].name}" of the image policy`);
    expect(text).toContain("`farrier policy show` has all rules");
    expect(text).not.toContain("hunter");
  }
  expect(await counts()).toEqual(before);
});

test("a retry by itself keeps the policy too; history says why there are no more", async () => {
  await set(rule.sources);
  await fleet.rows("UPDATE machine_os_installation_retry SET not_before = now()");
  await installationsRetryTask(dependencies.database, dependencies.secrets).run();
  for (const name of ["failed-url", "failed-profile"]) {
    const { entries } = await machines.machineHistory({ machine: name });
    expect(entries[0]).toMatchObject({ event: "installation_retries_stopped" });
    expect(entries[0]?.detailJson).toContain("our-mirror");
    expect((await machines.machineShow({ machine: name })).machine?.installation?.generation).toBe(1n);
  }
});

test("what keeps the rules goes on", async () => {
  await set(rule.sources);
  await set(rule.keys);
  await imageReady("right", allowed, { signature: signature() });
  const ask = (more: object) =>
    installations.installationRequest({ ...command(), machine: "idle", dryRun: true, ...more });
  await ask({ profile: "right" });
  const pub = Buffer.from(`untrusted comment: a key\n${Buffer.from(key).toString("base64")}\n`);
  await ask(byUrl(allowed, { signature: signature(Uint8Array.from(pub)) }));
  // Signed is the image, or the list that has its digest.
  const digestFrom = { url: "https://images.example.org/SHA256SUMS", signature: signature() };
  await imageReady("listed", allowed, { digestFrom });
  await ask({ profile: "listed" });
  const elsewhere = { ...digestFrom, url: "https://alice:hunter2@other.example.org/SHA256SUMS" };
  const [, list] = await refusal(images.imageAdd({ ...command(), name: "late", url: allowed, digestFrom: elsewhere }));
  expect(list).toContain('rule "our-mirror" of the image policy does not allow https://other.example.org/SHA256SUMS');
  // The right source and another key, and the other way round.
  const [, otherKey] = await refusal(ask(byUrl(allowed, { signature: signature(minisignPub()) })));
  expect(otherKey).toMatch(/rule "release-key" .* this image is signed by minisign [0-9A-F]{16}/u);
  const [, otherSource] = await refusal(ask(byUrl(other, { signature: signature() })));
  expect(otherSource).toContain('rule "our-mirror"');
});

test("with the catalogue alone, operators neither name a URL nor add images, and admins do", async () => {
  const { secret } = await clients.access.tokenCreate({ ...command(), name: "olga", role: Role.OPERATOR });
  const olga = testClients(dependencies, secret);
  await set(rule.catalogue);
  const ask = (who: typeof clients, more: object) =>
    who.installations.installationRequest({ ...command(), machine: "idle", dryRun: true, ...more });
  expect((await refusal(ask(olga, byUrl(allowed))))[1]).toContain(
    'rule "curated" of the image policy allows operators only',
  );
  expect((await refusal(olga.images.imageAdd({ ...command(), name: "hers", url: allowed })))[1]).toContain(
    "Ask an admin",
  );
  const again = { machine: "failed-url", generation: 1n };
  expect((await refusal(olga.installations.installationRetry({ ...command(), ...again })))[1]).toContain("curated");
  await ask(olga, { profile: "early" });
  await ask(clients, byUrl(allowed));
  await images.imageAdd({ ...command(), name: "ours", url: allowed });
  expect((await refusal(olga.policy.policyDelete({ ...command(), name: "curated" })))[0]).toBe("PermissionDenied");
});

test("a command that was carried out before the policy gets its first answer", async () => {
  const add = { ...command(), name: "repeated", url: other };
  const ask = { ...command(), machine: "idle", ...byUrl(other) };
  await images.imageAdd(add);
  const first = await installations.installationRequest(ask);
  await set(rule.sources);
  expect((await images.imageAdd(add)).image?.version).toBe(1);
  expect((await installations.installationRequest(ask)).generation).toBe(first.generation);
});

test("a rule is replaced whole; what is no rule is refused", async () => {
  await set(rule.sources);
  const { rule: made } = await policy.policySet({ ...command(), name: "our-mirror", keys: rule.keys.keys });
  expect(made).toMatchObject({ name: "our-mirror", sources: [], setBy: "token", catalogueOnly: false });
  expect(made?.keys[0]?.title).toMatch(/^minisign [0-9A-F]{16}$/u);
  expect((await policy.policyShow({})).rules).toHaveLength(1);
  for (const wrong of [
    {},
    { sources: ["images.example.org"], catalogueOnly: true },
    { sources: ["https://images.example.org/?a"] },
    { keys: [{ format: SignatureFormat.COSIGN, publicKey: key }] },
    { keys: [{ publicKey: key }] },
  ]) {
    expect((await refusal(policy.policySet({ ...command(), name: "wrong", ...wrong })))[0]).toBe("InvalidArgument");
  }
  expect((await refusal(policy.policyDelete({ ...command(), name: "unknown" })))[0]).toBe("NotFound");
});
