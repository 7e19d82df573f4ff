import { recordOpened } from "../messages/record-opened.ts";
import { randomUUID } from "node:crypto";
import { create, equals, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, test } from "vitest";
import type { BlockDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import {
  AgentHardwareReportSchema,
  OSInstallationRequestSchema,
} from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { ImageInstallationSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineId } from "../../database/ids.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import { authorityIssue, keyMake, serverIssue } from "../../lib/tls/issue.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { dependencies, clients } = await operatorFixture();
let machine: string;
let added = 0;
beforeEach(async () => {
  added += 1;
  const answer = await clients.machines.machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: `m${added}`,
    name: `m${added}`,
  });
  machine = answer.machine?.id ?? "";
});

const authorityKey = keyMake();
const authority = authorityIssue(authorityKey);
const leaf = serverIssue(keyMake(), [{ type: "dns", value: "images.test" }], authorityKey);
const certificateBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));

type ImageInit = MessageInitShape<typeof ImageInstallationSchema>;
const image = {
  url: "http://someone:secret@images.test/debian.raw.zst?token=secret",
  digest: `sha256:${"0a".repeat(32)}`,
  rootDisk: { serialNumber: "S1", rotational: false },
  userData: Uint8Array.of(1, 2),
} satisfies ImageInit;

const install = (
  request: {
    requestId?: string;
    machine?: string;
    image?: ImageInit;
    replaceGeneration?: bigint;
    generation?: bigint;
  } = {},
): Promise<bigint> =>
  clients.installations
    .installationRequest({ requestId: randomUUID(), machine, image, ...request })
    .then(({ generation }) => generation);

const cancel = (request: { requestId?: string; generation?: bigint } = {}): Promise<bigint> =>
  clients.installations
    .installationCancel({ requestId: randomUUID(), machine, generation: 1n, ...request })
    .then(({ generation }) => generation);

test("I10: a request is stored whole, with its generation, for the agent; nothing that is shown has its URL's secrets", async () => {
  expect(await install({ machine: `m${added}` })).toBe(1n);
  const record = recordOpened(dependencies.secrets, await machineShow(dependencies.database, machineId(machine)));
  const stored = fromBinary(OSInstallationRequestSchema, record.installation?.requestRaw ?? new Uint8Array());
  expect(stored.generation).toBe(1n);
  expect(
    stored.type.case === "image" &&
      equals(ImageInstallationSchema, stored.type.value, create(ImageInstallationSchema, image)),
  ).toBe(true);
  const shown = await clients.machines.machineShow({ machine });
  expect(shown.machine?.installation).toMatchObject({
    generation: 1n,
    state: InstallationState.PENDING,
    image: { url: "http://images.test/debian.raw.zst", rootDisk: { serialNumber: "S1", rotational: false } },
  });
  const { entries } = await clients.machines.machineHistory({ machine });
  expect(JSON.parse(entries[0]?.detailJson ?? "")).toEqual({
    url: "http://images.test/debian.raw.zst",
    digest: image.digest,
  });
  // An agent that is not ours tells whatever it likes.
  await dependencies.database.pool.query(
    "INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by) VALUES ($1, 1, 'error', $2, 'agent')",
    [machine, `${image.url} answered 404`],
  );
  const answers: unknown[] = [
    await clients.machines.machineShow({ machine }),
    await clients.machines.machineList({}),
    await clients.machines.machineExplain({ machine }),
    await clients.machines.machineHistory({ machine }),
    await clients.installations.installationList({}),
    await clients.installations.installationList({ machine }),
  ];
  const text = JSON.stringify(answers, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  expect(text).toContain("http://images.test/debian.raw.zst answered 404");
  expect(text).not.toContain("secret");
});

describe("the same request id", () => {
  test("gets the first answer again, by id and by name, whatever became of it", async () => {
    const requestId = randomUUID();
    expect(await install({ requestId })).toBe(1n);
    expect(await install({ requestId, machine: `m${added}` })).toBe(1n);
    await cancel();
    expect(await install({ requestId: requestId.toUpperCase() })).toBe(1n);
    expect(await install()).toBe(2n);
    expect(await install({ requestId })).toBe(1n);
    const { entries } = await clients.machines.machineHistory({ machine });
    expect(entries.filter(({ event }) => event === "installation_requested")).toHaveLength(2);
  });

  test("with another body, or for another command, is refused", async () => {
    const requestId = randomUUID();
    await install({ requestId });
    const other = install({ requestId, image: { ...image, sizeBytes: 1n } });
    expect(await refusal(other)).toEqual(["FailedPrecondition", expect.stringContaining("make a new request id")]);
    expect((await refusal(cancel({ requestId })))[0]).toBe("FailedPrecondition");
  });

  test("sent twenty times at once is carried out once", async () => {
    const requestId = randomUUID();
    const generations = await Promise.all(Array.from({ length: 20 }, () => install({ requestId })));
    expect(new Set(generations)).toEqual(new Set([1n]));
  });

  test("of a refused request may be used again: nothing was carried out", async () => {
    const requestId = randomUUID();
    await install();
    expect((await refusal(install({ requestId })))[0]).toBe("FailedPrecondition");
    expect(await install({ requestId, replaceGeneration: 1n })).toBe(2n);
  });
});

test("while one is pending another is refused, unless it names it", async () => {
  await install();
  expect(await refusal(install())).toEqual(["FailedPrecondition", expect.stringContaining("generation 1 is pending")]);
  expect((await refusal(install({ replaceGeneration: 2n })))[0]).toBe("FailedPrecondition");
  expect(await install({ replaceGeneration: 1n })).toBe(2n);
});

test("C9: a named generation is requested, greater than any before; a repetition gets it again", async () => {
  const requestId = randomUUID();
  expect(await install({ generation: 123n, requestId })).toBe(123n);
  expect(await install({ generation: 123n, requestId })).toBe(123n);
  await cancel({ generation: 123n });
  for (const generation of [1n, 122n, 123n]) {
    expect((await refusal(install({ generation })))[1]).toContain("is not greater than this machine's last one, 123");
  }
  expect((await refusal(install({ generation: -1n })))[1]).toContain("generation");
  expect(await install({ generation: 200n })).toBe(200n);
  await cancel({ generation: 200n });
  expect(await install()).toBe(201n);
});

test("cancel ends the pending one, and only that", async () => {
  expect((await refusal(cancel()))[0]).toBe("FailedPrecondition");
  await install();
  expect((await refusal(cancel({ generation: 2n })))[0]).toBe("FailedPrecondition");
  const requestId = randomUUID();
  expect(await cancel({ requestId, generation: 1n })).toBe(1n);
  expect(await cancel({ requestId, generation: 1n })).toBe(1n);
  expect((await refusal(cancel()))[0]).toBe("FailedPrecondition");
  const { machine: shown } = await clients.machines.machineShow({ machine });
  expect(shown?.installation).toMatchObject({ state: InstallationState.CANCELLED, error: "cancelled by an operator" });
  expect(shown?.installation?.finishedAt).toBeDefined();
});

test("a machine that is not there is not found", async () => {
  expect((await refusal(install({ machine: randomUUID() })))[0]).toBe("NotFound");
  expect((await refusal(install({ machine: "nobody" })))[0]).toBe("NotFound");
});

test("I11: a CA in DER, or in PEM with a byte-order mark, goes to the agent in plain PEM", async () => {
  for (const caCertificates of [Uint8Array.from(authority.raw), certificateBytes(`\uFEFF${authority.toString()}`)]) {
    const generation = await install({
      image: { ...image, caCertificates },
      replaceGeneration: (await machineShow(dependencies.database, machineId(machine))).lastGeneration,
    });
    const { installation } = recordOpened(
      dependencies.secrets,
      await machineShow(dependencies.database, machineId(machine)),
    );
    const stored = fromBinary(OSInstallationRequestSchema, installation?.requestRaw ?? new Uint8Array());
    expect(stored.generation).toBe(generation);
    const pem = stored.type.case === "image" ? Buffer.from(stored.type.value.caCertificates).toString() : "";
    expect(pem).toBe(authority.toString());
  }
});

describe("refuses, naming the field, and records nothing:", () => {
  const disk = (rootDisk: ImageInit["rootDisk"]): { image: ImageInit } => ({ image: { ...image, rootDisk } });
  test.each<[string, Record<string, unknown>, RegExp]>([
    ["no request id", { requestId: "" }, /^request_id: expected a UUID/u],
    ["no machine", { machine: "" }, /^machine: expected a machine's UUID or its name/u],
    ["a negative generation to replace", { replaceGeneration: -1n }, /^replace_generation: is negative/u],
    ["no image", { image: undefined }, /^image: is missing/u],
    ["no URL", { image: { ...image, url: "" } }, /^image\.url: expected an http, https or oci URL/u],
    ["a file's URL", { image: { ...image, url: "file:///etc/passwd" } }, /^image\.url: /u],
    ["a URL with a space", { image: { ...image, url: "http://a/b c" } }, /^image\.url: /u],
    ["no digest", { image: { ...image, digest: "" } }, /^image\.digest: expected sha256: and 64 lower-case/u],
    ["a digest in capitals", { image: { ...image, digest: `sha256:${"AB".repeat(32)}` } }, /^image\.digest: /u],
    ["a short digest", { image: { ...image, digest: `sha256:${"ab".repeat(31)}` } }, /^image\.digest: /u],
    ["another digest", { image: { ...image, digest: `sha512:${"ab".repeat(64)}` } }, /^image\.digest: /u],
    ["no disk", disk(undefined), /^image\.root_disk: is missing: expected a selector of the disk/u],
    ["an empty selector", disk({}), /^image\.root_disk: is empty: expected a condition that selects one disk/u],
    ["a negative size of the disk", disk({ name: "sda", minBytes: -1n }), /^image\.root_disk\.min_bytes: is negative/u],
    ["a disk of no size", disk({ minBytes: 2n, maxBytes: 1n }), /^image\.root_disk: min_bytes is greater/u],
    ["an unknown protocol", disk({ protocol: 9 as 1 }), /^image\.root_disk\.protocol: this server knows no such/u],
    ["a negative size", { image: { ...image, sizeBytes: -1n } }, /^image\.size_bytes: is negative/u],
    ["an unknown format", { image: { ...image, format: 99 as 1 } }, /^image\.format: this server knows no such/u],
    ["an unknown compression", { image: { ...image, compression: -1 as 1 } }, /^image\.compression: /u],
    ["too much user data", { image: { ...image, userData: new Uint8Array(262_145) } }, /^image\.user_data: too long/u],
    [
      "an image of a registry by tag",
      { image: { ...image, url: "oci://host/a:b" } },
      /^image\.url: expected oci:\/\/host/u,
    ],
    [
      "a minisign key that is none",
      { image: { ...image, signature: { format: 1, publicKey: Uint8Array.of(1) } } },
      /^image\.signature: public_key is not a minisign key/u,
    ],
    [
      "a cosign key that is none",
      { image: { ...image, signature: { format: 2, publicKey: Uint8Array.of(1) } } },
      /^image\.signature: public_key is not a cosign key/u,
    ],
    [
      "a CA that is none",
      { image: { ...image, caCertificates: Uint8Array.of(1) } },
      /^image\.ca_certificates: expected cert/u,
    ],
    [
      "I11: a certificate that is no CA's",
      { image: { ...image, caCertificates: certificateBytes(leaf.toString()) } },
      /^image\.ca_certificates: certificate 1 \(CN=Farrier server\) is no CA certificate/u,
    ],
    [
      "an IPv6 zone",
      { image: { ...image, url: "http://[fe80::1%25eth0]/x" } },
      /^image\.url: .*zones are not supported/u,
    ],
    [
      "a token server that is no host",
      { image: { ...image, tokenHost: ["https://a/b"] } },
      /^image\.token_host\.0: expected a host's name/u,
    ],
    ["a signature of no format", { image: { ...image, signature: {} } }, /^image\.signature\.format: is missing/u],
  ])("%s", async (_what, wrong, message) => {
    expect(await refusal(install(wrong))).toEqual(["InvalidArgument", expect.stringMatching(message)]);
    const { machine: shown } = await clients.machines.machineShow({ machine });
    expect(shown?.lastGeneration).toBe(0n);
  });
});

describe("the hardware report", () => {
  const report = (...blockDevice: MessageInitShape<typeof BlockDeviceSchema>[]) =>
    dependencies.database.pool.query(
      `INSERT INTO machine_hardware_report
         (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
       VALUES ($1, 1, now(), decode(repeat('00', 32), 'hex'), $2)
       ON CONFLICT (machine_id) DO UPDATE SET hardware_report_raw = excluded.hardware_report_raw`,
      [machine, toBinary(AgentHardwareReportSchema, create(AgentHardwareReportSchema, { report: { blockDevice } }))],
    );
  const request = (more: Record<string, unknown> = {}) =>
    clients.installations.installationRequest({ requestId: randomUUID(), machine, image, ...more });
  const s1 = { name: "sda", serialNumber: "S1", capacityBytes: 1000n };

  test("says which disk is written; without one the agent alone decides, and the answer says so", async () => {
    const unknown = await request({ dryRun: true });
    expect(unknown).toMatchObject({ machineId: machine, generation: 0n });
    expect(unknown.plan).toBeUndefined();
    expect(unknown.warnings).toEqual([expect.stringMatching(/no agent has reported this machine's hardware yet/u)]);
    await report(s1);
    const planned = await request({ dryRun: true });
    expect(planned).toMatchObject({
      generation: 0n,
      warnings: [],
      plan: { disk: { name: "sda", selector: "serial=S1" } },
    });
    const { machine: shown } = await clients.machines.machineShow({ machine });
    expect([shown?.lastGeneration, shown?.installation]).toEqual([0n, undefined]);
    expect(await request()).toMatchObject({ generation: 1n, plan: { disk: { capacityBytes: 1000n } } });
    expect(await refusal(request({ dryRun: true }))).toEqual([
      "FailedPrecondition",
      expect.stringContaining("generation 1 is pending"),
    ]);
  });

  test("refuses what can't be done, before anything is; unless it is to be left aside", async () => {
    await report({ ...s1, serialNumber: "S2" });
    for (const dryRun of [true, false]) {
      expect(await refusal(request({ dryRun }))).toEqual([
        "FailedPrecondition",
        expect.stringMatching(
          /^image\.root_disk: no disk matches serial=S1.*serial=S2 or name=sda.*ignore_hardware_report$/u,
        ),
      ]);
    }
    await report(s1);
    const big = { image: { ...image, sizeBytes: 1001n } };
    expect(await refusal(request(big))).toEqual(["FailedPrecondition", expect.stringMatching(/^image\.size_bytes: /u)]);
    expect((await clients.machines.machineShow({ machine })).machine?.lastGeneration).toBe(0n);
    const accepted = await request({ ...big, ignoreHardwareReport: true });
    expect(accepted).toMatchObject({ generation: 1n, warnings: [expect.stringContaining("accepted anyway")] });
  });

  test("does not stand in the way of a repetition", async () => {
    await report(s1);
    const requestId = randomUUID();
    expect((await request({ requestId })).generation).toBe(1n);
    await report({ ...s1, serialNumber: "S2" });
    expect((await request({ requestId })).generation).toBe(1n);
  });
});

test("a cancellation says whether the disk was touched, and whether the machine is installed still; so does its repetition", async () => {
  const sql = (text: string) => dependencies.database.pool.query(text, [machine]);
  await sql("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)");
  await install();
  const requestId = randomUUID();
  const early = { requestId, machine, generation: 1n, reason: "changed my mind" };
  const untouched = { generation: 1n, diskTouched: false, stillInstalled: true, retriesStopped: false };
  expect(await clients.installations.installationCancel(early)).toMatchObject(untouched);
  await install();
  await sql(
    `INSERT INTO machine_os_installation_progress
       (machine_id, generation, run, phase, bytes_done, bytes_total, detail, writing_since)
     VALUES ($1, 2, '', 'writing', 1, 2, '', now())`,
  );
  await sql("DELETE FROM machine_os_installed WHERE machine_id = $1");
  const late = { requestId: randomUUID(), machine, generation: 2n };
  expect(await clients.installations.installationCancel(late)).toMatchObject({
    generation: 2n,
    diskTouched: true,
    stillInstalled: false,
  });
  expect(await clients.installations.installationCancel(early)).toMatchObject(untouched);
  const { entries } = await clients.machines.machineHistory({ machine });
  expect(entries.map(({ detailJson }) => detailJson).join()).toContain("changed my mind");
});

test("a request with a retry budget shows what is left of it", async () => {
  await clients.installations.installationRequest({
    requestId: randomUUID(),
    machine,
    image,
    retry: { attempts: 3, initialSeconds: 5 },
  });
  const { machine: shown } = await clients.machines.machineShow({ machine });
  expect(shown?.installation?.retry).toMatchObject({ attempts: 3, attemptsLeft: 3 });
  expect(shown?.installation?.retry?.nextAt).toBeUndefined();
});
