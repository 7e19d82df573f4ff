import { createHash, randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { toJsonString, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { beforeAll, expect, test } from "vitest";
import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { InstallationListResponseSchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import {
  MachineExplainResponseSchema,
  MachineHistoryResponseSchema,
  MachineListResponseSchema,
  MachineShowResponseSchema,
  MachineWatchResponseSchema,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { testClients, type TestClients } from "../testing/operator-api.ts";
import { operatorFixture } from "../testing/operator-fixture.ts";

const { dependencies, clients: admin } = await operatorFixture();

const marked = "MARKED-4f1d";
const userData = Buffer.from(`#cloud-config\npassword: ${marked}\n`);

let viewer: TestClients;
let operator: TestClients;
const machine = "web1";

async function withRole(name: string, role: Role): Promise<TestClients> {
  const { secret } = await admin.access.tokenCreate({ requestId: randomUUID(), name, role });
  return testClients(dependencies, secret);
}

beforeAll(async () => {
  viewer = await withRole("eve", Role.VIEWER);
  operator = await withRole("olga", Role.OPERATOR);
  await admin.machines.machineAdd({ requestId: randomUUID(), provider: "static", providerId: "r1", name: machine });
  await operator.installations.installationRequest({
    requestId: randomUUID(),
    machine,
    image: {
      url: `https://user:${marked}@images.example.org/a.raw?key=${marked}`,
      digest: `sha256:${"a".repeat(64)}`,
      rootDisk: { name: "sda" },
      userData,
      metaData: Buffer.from(`{"secret":"${marked}"}`),
      networkConfig: Buffer.from(`{"version":2,"wifis":{"password":"${marked}"}}`),
    },
  });
});

/** A message as JSON, with what its bytes hold as text. */
function textOf<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string {
  const json = toJsonString(schema, message);
  const bytes = [...json.matchAll(/"(?<text>[A-Za-z0-9+/=]{8,})"/gu)].map(({ groups }) =>
    Buffer.from(groups?.["text"] ?? "", "base64").toString("latin1"),
  );
  return [json, ...bytes].join("\n");
}

test("A8: what everybody may read holds neither the files for cloud-init nor the URL's secrets", async () => {
  const shown = await viewer.machines.machineShow({ machine });
  const watch = viewer.machines.machineWatch({ includeExisting: true })[Symbol.asyncIterator]();
  await watch.next();
  const { value: change } = await watch.next();
  const texts = {
    show: textOf(MachineShowResponseSchema, shown),
    list: textOf(MachineListResponseSchema, await viewer.machines.machineList({})),
    installations: textOf(InstallationListResponseSchema, await viewer.installations.installationList({})),
    ofMachine: textOf(InstallationListResponseSchema, await viewer.installations.installationList({ machine })),
    history: textOf(MachineHistoryResponseSchema, await viewer.machines.machineHistory({ machine })),
    explain: textOf(MachineExplainResponseSchema, await viewer.machines.machineExplain({ machine })),
    watch: textOf(MachineWatchResponseSchema, change),
  };
  for (const [call, text] of Object.entries(texts)) {
    expect([call, text.includes(marked)]).toEqual([call, false]);
  }
  const { image, files } = shown.machine?.installation ?? {};
  expect(image?.url).toBe("https://images.example.org/a.raw");
  expect(image?.userData).toEqual(new Uint8Array());
  expect(files?.userData).toMatchObject({
    bytes: BigInt(userData.length),
    digest: `sha256:${createHash("sha256").update(userData).digest("hex")}`,
  });
  expect(texts.watch).toContain("images.example.org");
});

test("A8: an operator is shown all of it, by a call that is in the audit; a viewer is refused, and that is in it too", async () => {
  const { image, generation } = await operator.installations.installationShow({ machine });
  expect(Buffer.from(image?.userData ?? [])).toEqual(userData);
  expect(image?.url).toContain(`user:${marked}@`);
  expect(generation).toBe(1n);
  await expect(viewer.installations.installationShow({ machine })).rejects.toMatchObject({
    code: Code.PermissionDenied,
  });
  await expect(operator.installations.installationShow({ machine, generation: 7n })).rejects.toThrow(
    "the request of generation 7 is no longer stored: the current generation is 1",
  );
  const { entries } = await admin.access.auditList({ machine });
  const seen = entries.filter(({ method }) => method.endsWith("/InstallationShow"));
  expect(seen.map(({ actor, code }) => `${actor} ${code}`).toSorted()).toEqual([
    "eve permission_denied",
    "olga not_found",
    "olga ok",
  ]);
});

test("A15: a read that is refused for its caller's role is in the audit, once a minute for each call", async () => {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(viewer.access.tokenList({})).rejects.toMatchObject({ code: Code.PermissionDenied });
  }
  const { entries } = await admin.access.auditList({ actor: "eve" });
  expect(entries.filter(({ method }) => method.endsWith("/TokenList")).map(({ code }) => code)).toEqual([
    "permission_denied",
  ]);
});
