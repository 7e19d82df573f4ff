import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OSInstallationRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { StoredCredentialKind } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { machineId } from "../../database/ids.ts";
import { machineSshOf, machineSshPin } from "../../database/queries/machine/machine-ssh.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import { sessionStart } from "../../database/session.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/log.ts";
import { recordOpened } from "../messages/record-opened.ts";
import { testClients, testDependencies, type TestClients, type TestDependencies } from "../testing/operator-api.ts";

let database: TestDatabase;
let dependencies: TestDependencies;
let clients: TestClients;
beforeAll(async () => {
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  clients = testClients(dependencies);
  for (const [name, kind, userName] of [
    ["rented", StoredCredentialKind.SSH_PASSWORD, "root"],
    ["bmc", StoredCredentialKind.BMC, "root"],
  ] as const) {
    const secret = Buffer.from("a secret");
    await clients.credentials.credentialCreate({
      requestId: randomUUID(),
      name,
      kind,
      userName,
      secret,
      allowed: ["::/0"],
    });
  }
});
afterAll(async () => {
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINt2d+0K7GdEGPLVj/P74Rs3RtHb2h7nSXnty1c1zPCG";
let added = 0;
const ssh = (more: object = {}) => ({
  target: `root@host${added}.example`,
  credential: "rented",
  hostKey: key,
  ...more,
});
async function add(more: object = {}): Promise<string> {
  added += 1;
  const { machine } = await clients.machines.machineAdd({
    ...{ requestId: randomUUID(), provider: "static", providerId: `ssh-${added}` },
    ssh: ssh(more),
  });
  return machine?.id ?? "";
}
async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  return error === undefined ? "ok" : `${Code[error.code]}: ${error.rawMessage}`;
}

test("an SSH account is shown with its machine, changed, and left running until somebody allows otherwise", async () => {
  const id = await add({ hostKey: `${key} root@host` });
  const { machine } = await clients.machines.machineShow({ machine: id });
  expect(machine?.ssh).toMatchObject({
    target: `root@host${added}.example`,
    credential: "rented",
    hostKey: key,
    acceptNew: false,
  });
  const { remedies } = await clients.machines.machineExplain({ machine: id });
  expect(remedies.join()).toContain(`farrier machine start-agent ${id} --yes`);
  const changed = ssh({ target: `root@[2001:db8::7]:2222`, hostKey: "", acceptNew: true });
  await clients.machines.machineUpdate({ requestId: randomUUID(), machine: id, ssh: changed });
  const { machine: after } = await clients.machines.machineShow({ machine: id });
  expect(after?.ssh).toMatchObject({ target: "root@[2001:db8::7]:2222", hostKey: "", acceptNew: true });
});

test.each([
  [{ target: "-oProxyCommand=id@host" }, /invalid_?argument: ssh\.target: its user name/iu],
  [{ target: "root@-oProxyCommand=id" }, /ssh\.target: its host/u],
  [{ target: "root@host;reboot" }, /ssh\.target: its host/u],
  [{ target: "host" }, /ssh\.target: expected USER@HOST/u],
  [{ hostKey: "" }, /ssh\.host_key: expected the host's public key or its fingerprint/u],
  [{ acceptNew: true }, /ssh\.host_key/u],
  [{ hostKey: "ssh-ed25519 AAAA" }, /ssh\.host_key: its base64/u],
  [{ hostKey: `${key}\n* ${key}` }, /ssh\.host_key/u],
  [{ credential: "nobody" }, /NotFound: there is no credential/u],
  [{ credential: "bmc" }, /kind bmc: expected ssh-password or ssh-key/u],
  [{ target: "admin@host" }, /the account root's.*the account admin/u],
])("%j is refused, with a reason", async (more, reason) => {
  expect(await refusal(add(more))).toMatch(reason);
});

test("one host is one machine, and a credential in use stays", async () => {
  const target = "root@shared.example";
  await add({ target });
  for (const same of [target, "root@SHARED.example:22"]) {
    expect(await refusal(add({ target: same }))).toMatch(/AlreadyExists: shared\.example port 22 is machine /u);
  }
  expect(await refusal(clients.credentials.credentialDelete({ requestId: randomUUID(), name: "rented" }))).toMatch(
    /in use by a machine's management controller or SSH account/u,
  );
});

test("of two machines that get the same host at the same time, one has it, and the other is told", async () => {
  const ids = [await add(), await add()];
  for (let round = 0; round < 8; round += 1) {
    const taken = ssh({ target: `root@race${round}.example` });
    const answers = await Promise.all(
      ids.map((machine) => refusal(clients.machines.machineUpdate({ requestId: randomUUID(), machine, ssh: taken }))),
    );
    expect(answers.toSorted()).toEqual([expect.stringMatching(/^AlreadyExists: race\d\.example port 22 is /u), "ok"]);
  }
});

test("a key that was accepted at the first contact is accepted anew after an installation; an operator's key is not", async () => {
  const accepting = machineId(await add({ hostKey: "", acceptNew: true }));
  const pinning = machineId(await add());
  const log = createLogger({ level: "silent", component: "test" });
  await using session = await sessionStart(dependencies.database, { component: "shepherd", log, clock: systemClock });
  for (const id of [accepting, pinning]) {
    const { host = "", port = 0 } = (await machineSshOf(dependencies.database, id)) ?? {};
    const shown = { machineId: id, hostKey: key, fingerprint: "SHA256:x" };
    // Of a host that the machine had before.
    const earlier = { ...shown, hostKey: `${key}A`, host: "earlier.example", port };
    await machineSshPin(dependencies.database, session, earlier);
    await machineSshPin(dependencies.database, session, { ...shown, host, port: port + 1, hostKey: `${key}A` });
    expect((await machineSshOf(dependencies.database, id))?.hostKey).toBe(id === pinning ? key : undefined);
    await machineSshPin(dependencies.database, session, { ...shown, host, port });
    expect((await machineSshOf(dependencies.database, id))?.hostKey).toBe(key);
    await dependencies.database.pool.query(
      "INSERT INTO machine_os_installed (machine_id, generation, installed_at) VALUES ($1, 1, now() + interval '1 second')",
      [id],
    );
  }
  expect((await machineSshOf(dependencies.database, accepting))?.hostKey).toBeUndefined();
  expect((await machineSshOf(dependencies.database, pinning))?.hostKey).toBe(key);
});

test("a machine's network is checked, shown, removed, and the default of what is installed on it", async () => {
  const id = await add();
  const network =
    'network: {version: 2, ethernets: {e: {match: {macaddress: "52:54:00:00:00:01"}, addresses: [192.0.2.7/24]}}}';
  const update = (networkConfig: string) =>
    clients.machines.machineUpdate({ requestId: randomUUID(), machine: id, networkConfig });
  expect(await refusal(update("version: 2"))).toMatch(/network_config: it has no interface/u);
  await update(network);
  expect((await clients.machines.machineShow({ machine: id })).machine?.networkConfig).toBe(network);
  const install = async (networkConfig: string): Promise<string> => {
    const { generation } = await clients.installations.installationRequest({
      ...{ requestId: randomUUID(), machine: id },
      image: {
        url: "https://images.example.org/a",
        digest: `sha256:${"0".repeat(64)}`,
        rootDisk: { name: "sda" },
        networkConfig: Uint8Array.from(Buffer.from(networkConfig)),
      },
    });
    const record = recordOpened(dependencies.secrets, await machineShow(dependencies.database, machineId(id)));
    const request = fromBinary(OSInstallationRequestSchema, record.installation?.requestRaw ?? new Uint8Array());
    await clients.installations.installationCancel({ requestId: randomUUID(), machine: id, generation });
    return request.type.case === "image" ? Buffer.from(request.type.value.networkConfig).toString("utf8") : "";
  };
  expect(await install("")).toContain("192.0.2.7/24");
  expect(await install("version: 1\n")).toBe("version: 1\n");
  // As an earlier version may have taken it.
  await dependencies.database.pool.query(
    "UPDATE machine_network SET network_config = 'version: 3' WHERE machine_id = $1",
    [id],
  );
  expect(await refusal(install(""))).toMatch(
    /FailedPrecondition: the machine's network can't be read: version: expected 2/u,
  );
  await update("");
  expect(await install("")).toBe("");
});
