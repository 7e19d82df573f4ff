import { randomUUID } from "node:crypto";
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EFISupport } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import {
  AgentHardwareReportSchema,
  OSInstallationRequestSchema,
} from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { ProfileSpecSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { generation as toGeneration, machineId as toMachineId } from "../../database/ids.ts";
import { requestOpen } from "../../secrets/installation-request.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { fleet, clients, dependencies } = await operatorFixture();
const { images, profiles, installations, machines } = clients;
const digest = `sha256:${"ab".repeat(32)}`;
const url = "https://alice:hunter2@images.example.org/debian.raw.zst";

type Spec = MessageInitShape<typeof ProfileSpecSchema>;
const spec = (more: Spec = {}): Spec => ({ image: "debian", rootDisk: { serialNumber: "S1" }, ...more }) as Spec;
const apply = (name: string, more: Spec = {}) =>
  profiles.profileApply({ requestId: randomUUID(), name, spec: spec(more) });

async function image(name: string, isReady = true): Promise<void> {
  await images.imageAdd({ requestId: randomUUID(), name, url });
  if (isReady) {
    await fleet.rows(
      `UPDATE image_version SET state = 'ready', digest = $2, ready_at = now(), facts = '{"unpackedBytes": 1000}' WHERE image_name = $1`,
      name,
      digest,
    );
  }
}
await image("debian");

async function machine(name: string, labels: Record<string, string> = {}): Promise<string> {
  const { machine: added } = await machines.machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: name,
    name,
    labels,
  });
  return added?.id ?? "";
}

/** The request that a machine's agent would get. */
async function requested(id: string, generation: bigint) {
  const [row] = await fleet.rows<{ raw: Buffer }>(
    "SELECT os_installation_request_raw AS raw FROM machine_os_installation_request WHERE machine_id = $1",
    id,
  );
  const owner = { machineId: toMachineId(id), generation: toGeneration(generation) };
  const message = fromBinary(
    OSInstallationRequestSchema,
    requestOpen(dependencies.secrets, owner, row?.raw ?? Buffer.alloc(0)),
  );
  return message.type.case === "image" ? message.type.value : undefined;
}
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("utf8");

test("the same specification twice is one version; another one is the next", async () => {
  expect(await apply("web", { grow: true })).toMatchObject({ profile: { name: "web", version: 1 }, changed: true });
  expect(await apply("web", { grow: true })).toMatchObject({ profile: { version: 1 }, changed: false });
  expect(await apply("web", { readBack: true })).toMatchObject({ profile: { version: 2 }, changed: true });
  expect(await profiles.profileDiff({ profile: "web@1" })).toMatchObject({
    changes: [
      { field: "grow", before: "true", after: "" },
      { field: "read_back", before: "", after: "true" },
    ],
  });
  expect((await profiles.profileDiff({ profile: "web", spec: spec({ readBack: true }) })).changes).toEqual([]);
  expect((await profiles.profileShow({ profile: "web@1" })).spec).toMatchObject({ grow: true, readBack: false });
  expect((await profiles.profileList({ name: "web" })).profiles.map(({ version }) => version)).toEqual([2, 1]);
  expect((await profiles.profileDelete({ requestId: randomUUID(), name: "web" })).versions).toBe(2);
  expect((await refusal(profiles.profileShow({ profile: "web" })))[0]).toBe("NotFound");
});

test("what it says is sealed", async () => {
  await apply("secret", { userData: "#cloud-config\npassword: hunter3\n" });
  const [row] = await fleet.rows("SELECT v::text AS text FROM profile_version v WHERE profile_name = 'secret'");
  expect(Buffer.from(String(row?.["text"]).replace(/.*\\\\x/u, ""), "hex").toString("latin1")).not.toContain("hunter3");
});

test("an installation by a profile: the image's source, the rendered files, the versions in the history", async () => {
  const id = await machine("web1", { rack: "b'12\"" });
  await apply("full", {
    grow: true,
    readBack: true,
    userData:
      "#cloud-config\nfqdn: {{ machine.name | append: values.domain | yaml }}\nrack: {{ machine.labels.rack | yaml }}\n",
    networkConfig: "version: 2\nethernets: {all: {match: {name: '*'}, dhcp4: true}}\n",
    retry: { attempts: 3 },
    sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx5Zq0mZ2m2m4Jx5Zq0mZ2m2m4Jx5Zq0mZ2m2m4Jx5Z alice@example.org"],
    user: "admin",
    values: [{ name: "domain", default: ".example.org" }],
  });
  const answer = await installations.installationRequest({
    requestId: randomUUID(),
    machine: "web1",
    profile: "full",
    values: { domain: ".example.net" },
  });
  expect(answer).toMatchObject({ generation: 1n, profile: "full@1", image: "debian@1" });
  const given = await requested(id, 1n);
  expect(given).toMatchObject({
    url,
    digest,
    grow: true,
    readBack: true,
    sizeBytes: 1000n,
    rootDisk: { serialNumber: "S1" },
  });
  expect(text(given?.userData)).toBe(
    '#cloud-config\nfqdn: "web1.example.net"\nrack: "b\\u002712\\u0022"\nusers:\n  - default\n  - {name: "admin", shell: /bin/bash, ' +
      'lock_passwd: true, sudo: "ALL=(ALL) NOPASSWD:ALL", ssh_authorized_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx5Zq0mZ2m2m4Jx5Zq0mZ2m2m4Jx5Zq0mZ2m2m4Jx5Z alice@example.org"]}\n',
  );
  expect(text(given?.networkConfig)).toContain("dhcp4: true");
  expect(
    await fleet.rows("SELECT detail FROM history WHERE machine_id = $1 AND event = 'installation_requested'", id),
  ).toMatchObject([{ detail: { profile: "full@1", image: "debian@1" } }]);
  expect(
    await fleet.rows(
      "SELECT generation, profile_name, profile_version, image_version FROM machine_installation_profile WHERE machine_id = $1",
      id,
    ),
  ).toMatchObject([{ profile_name: "full", profile_version: 1, image_version: 1 }]);
  // A later version of the profile changes nothing of what was asked for.
  await apply("full", { grow: false });
  expect((await requested(id, 1n))?.grow).toBe(true);
  // An image that a pending installation names is not deleted; nor an image that a profile uses.
  expect((await refusal(images.imageDelete({ requestId: randomUUID(), image: "debian" })))[0]).toBe(
    "FailedPrecondition",
  );
});

test("a repeated request gets the first answer, whatever became of the profile", async () => {
  const id = await machine("web4");
  await apply("repeated", { userData: "#cloud-config\na: 1\n" });
  const request = { requestId: randomUUID(), machine: "web4", profile: "repeated" };
  const first = { machineId: id, generation: 1n, profile: "repeated@1", image: "debian@1" };
  expect(await installations.installationRequest(request)).toMatchObject(first);
  await apply("repeated", { userData: "#cloud-config\na: {{ machine.labels.rack | yaml }}\n" });
  expect(await installations.installationRequest(request)).toMatchObject(first);
  await profiles.profileDelete({ requestId: randomUUID(), name: "repeated" });
  expect(await installations.installationRequest(request)).toMatchObject(first);
});

test("the machine's network is the default, and its hardware is there for templates", async () => {
  const id = await machine("web2");
  await machines.machineUpdate({
    requestId: randomUUID(),
    machine: "web2",
    networkConfig:
      "version: 2\nethernets:\n  uplink:\n    match: {macaddress: 52:54:00:12:34:56}\n    addresses: [10.0.0.5/24]\n",
  });
  await apply("hardware", { userData: "#cloud-config\ndisk: {{ machine.hardware.disks[0].serial | yaml }}\n" });
  const render = () => profiles.profileRender({ profile: "hardware", machine: "web2" });
  expect(await refusal(render())).toEqual([
    "InvalidArgument",
    expect.stringMatching(/^user_data: undefined variable: machine\.hardware/u),
  ]);
  const report = create(AgentHardwareReportSchema, {
    report: {
      blockDevice: [{ serialNumber: "S1", capacityBytes: 500_000_000_000n }] as never,
      efiSupport: EFISupport.EFI_SUPPORT_UNSUPPORTED,
    },
  });
  await fleet.rows(
    `INSERT INTO machine_hardware_report (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
     VALUES ($1, 1, now(), decode(repeat('00', 32), 'hex'), $2)`,
    id,
    Buffer.from(toBinary(AgentHardwareReportSchema, report)),
  );
  expect(await render()).toMatchObject({ version: 1, image: "debian@1", warnings: [] });
  expect(text((await render()).userData)).toBe('#cloud-config\ndisk: "S1"\n');
  await fleet.rows("UPDATE image_version SET facts = facts || '{\"bootsBy\": [\"uefi\"]}' WHERE image_name = 'debian'");
  const made = await installations.installationRequest({
    requestId: randomUUID(),
    machine: "web2",
    profile: "hardware",
  });
  expect(made.warnings).toContainEqual(expect.stringContaining("the image boots by UEFI alone"));
  expect(text((await requested(id, 1n))?.networkConfig)).toContain("10.0.0.5/24");
});

test("a request without a profile leaves no profile behind; a retry keeps it", async () => {
  const id = await machine("web3");
  const profileOf = () =>
    fleet.rows<{ generation: bigint }>("SELECT generation FROM machine_installation_profile WHERE machine_id = $1", id);
  await installations
    .installationRequest({ requestId: randomUUID(), machine: "web3", profile: "hardware-less@1" })
    .catch(() => undefined);
  await apply("plain");
  await installations.installationRequest({ requestId: randomUUID(), machine: "web3", profile: "plain" });
  await installations.installationCancel({ requestId: randomUUID(), machine: "web3", generation: 1n });
  await installations.installationRetry({ requestId: randomUUID(), machine: "web3", generation: 1n });
  expect((await profileOf()).map(({ generation }) => String(generation))).toEqual(["2"]);
  await installations.installationRequest({
    requestId: randomUUID(),
    machine: "web3",
    replaceGeneration: 2n,
    image: { url, digest, rootDisk: { serialNumber: "S1" } },
  });
  expect(await profileOf()).toEqual([]);
});

describe("refused at apply", () => {
  test.each<[string, Spec, string, RegExp]>([
    ["an image that is not there", { image: "fedora" }, "NotFound", /no image "fedora"/u],
    ["a version that is not there", { image: "debian@9" }, "NotFound", /no image "debian@9"/u],
    ["a tag that is not there", { image: "debian@none" }, "NotFound", /no image "debian@none"/u],
    ["no image", { image: "" }, "InvalidArgument", /^spec\.image: expected NAME/u],
    ["no disk", { rootDisk: undefined as never }, "InvalidArgument", /^spec\.root_disk: is missing/u],
    ["an empty selector", { rootDisk: {} }, "InvalidArgument", /^spec\.root_disk: is empty/u],
    ["a template that does not parse", { userData: "#cloud-config\n{% if %}" }, "InvalidArgument", /^user_data: /u],
    ["an unquoted value", { userData: "#cloud-config\na: {{ machine.name }}\n" }, "InvalidArgument", /is not quoted/u],
    [
      "an undeclared value",
      { userData: "#cloud-config\na: {{ values.x | yaml }}\n" },
      "InvalidArgument",
      /unknown variable values\.x/u,
    ],
    [
      "a value in quotes",
      { userData: "#cloud-config\na: '{{ machine.labels.x | yaml }}'\n", values: [] },
      "InvalidArgument",
      /^user_data: a value stands within a text/u,
    ],
    [
      "a value in double quotes",
      { userData: '#cloud-config\na: "{{ machine.labels.x | yaml }}"\n' },
      "InvalidArgument",
      /not YAML|structure/u,
    ],
    [
      "a network that is no mapping",
      { networkConfig: "- a\n" },
      "InvalidArgument",
      /^network_config: is not accepted/u,
    ],
    [
      "a private key",
      { sshKeys: ["-----BEGIN OPENSSH PRIVATE KEY-----"] },
      "InvalidArgument",
      /^spec\.ssh_keys\.0: expected a public key/u,
    ],
    ["a user without keys", { user: "admin" }, "InvalidArgument", /^spec\.user: has no way to log in/u],
    [
      "keys beside a script",
      { userData: "#!/bin/sh\n", sshKeys: [`ssh-ed25519 ${"A".repeat(68)}`] },
      "InvalidArgument",
      /^ssh_keys: can only/u,
    ],
    [
      "keys beside the user data's own",
      { userData: "#cloud-config\nssh_authorized_keys: [x]\n", sshKeys: [`ssh-ed25519 ${"A".repeat(68)}`] },
      "InvalidArgument",
      /^ssh_keys: .*says ssh_authorized_keys itself/u,
    ],
    [
      "a value twice",
      { values: [{ name: "a" }, { name: "a" }] },
      "InvalidArgument",
      /^spec\.values: a name is there twice/u,
    ],
    ["101 tries", { retry: { attempts: 101 } }, "InvalidArgument", /^spec\.retry\.attempts: expected 1 to 100/u],
  ])("%s", async (_what, more, code, expected) => {
    const [actual, message] = await refusal(apply("refused", more));
    expect([actual, message]).toEqual([code, expect.stringMatching(expected)]);
  });
});

describe("refused at the request", () => {
  const install = (more: object) =>
    refusal(installations.installationRequest({ requestId: randomUUID(), machine: "web9", ...more }));
  test("profiles, values and images", async () => {
    await machine("web9");
    await image("unready", false);
    await apply("unready", { image: "unready" });
    await apply("valued", {
      userData: "#cloud-config\na: {{ values.a | yaml }}\nb: {{ machine.labels.rack | yaml }}\n",
      values: [{ name: "a" }],
    });
    expect(await install({ profile: "nobody" })).toEqual(["NotFound", expect.stringContaining('no profile "nobody"')]);
    expect(await install({ profile: "unready" })).toEqual([
      "FailedPrecondition",
      expect.stringContaining("unready@1 is not ready yet"),
    ]);
    expect(await install({ profile: "valued" })).toEqual([
      "InvalidArgument",
      expect.stringMatching(/^values: "a" is missing/u),
    ]);
    expect(await install({ profile: "valued", values: { a: "1", c: "2" } })).toEqual([
      "InvalidArgument",
      expect.stringMatching(/^values: the profile has no value "c": it has a/u),
    ]);
    expect(await install({ profile: "valued", values: { a: "1" } })).toEqual([
      "InvalidArgument",
      expect.stringMatching(/^user_data: undefined variable: machine\.labels\.rack/u),
    ]);
    expect((await install({}))[1]).toContain("image: is missing");
    expect((await install({ profile: "valued", image: { url } }))[0]).toBe("InvalidArgument");
    expect((await install({ profile: "a@stable" }))[1]).toMatch(/^profile: expected NAME or NAME@VERSION/u);
    expect((await machines.machineShow({ machine: "web9" })).machine?.installation).toBeUndefined();
  });
});
