import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { StoredCredentialKind } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { testDatabase } from "../../../test/support/database.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { credentialId, generation, machineId } from "../../database/ids.ts";
import { requestSeal } from "../../secrets/installation-request.ts";
import { secretsKeysAdvance } from "../../database/queries/secret/secrets-key.ts";
import { sessionHold } from "../../database/session-holder.ts";
import type { Database } from "../../database/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/log.ts";
import { credentialOpen, credentialPlace } from "../../secrets/credential-open.ts";
import { imageSourcePlace } from "../../secrets/image-source.ts";
import { keyFileRead } from "../../secrets/key-file.ts";
import { keyRingFollow, type FollowedKeyRing } from "../../secrets/key-ring-follow.ts";
import { testClients, testDependencies } from "../testing/operator-api.ts";

const log = createLogger({ level: "silent", component: "test" });

/** A control plane of several processes, each with a key file of its own by its name. */
async function controlPlane(stack: AsyncDisposableStack) {
  const folder = await mkdtemp(join(tmpdir(), "farrier-rotate-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const database = stack.use(await testDatabase());
  const dependencies = stack.use(testDependencies(database.connection));
  const process = async (component: string, name: string): Promise<FollowedKeyRing & AsyncDisposable> => {
    const own = stack.use(new AsyncDisposableStack());
    const sessions = own.use(sessionHold(dependencies.database, { component, log, clock: systemClock }));
    await sessions.next();
    const [keyFile, mayMake] = [join(folder, name), component === "server"];
    const ring = own.use(
      await keyRingFollow({ database: dependencies.database, keyFile, mayMake, log, clock: systemClock }),
    );
    await ring.heldUnder(sessions);
    return { ...ring, [Symbol.asyncDispose]: () => own.disposeAsync() };
  };
  const clientsOf = (ring: FollowedKeyRing) => testClients({ ...dependencies, secrets: ring, secretsKeys: ring });
  const create = async (ring: FollowedKeyRing, name: string) =>
    clientsOf(ring).credentials.credentialCreate({
      requestId: randomUUID(),
      name,
      kind: StoredCredentialKind.BMC,
      userName: "root",
      secret: Buffer.from("calvin"),
      allowed: ["10.0.0.0/8"],
    });
  return { folder, dependencies, process, clientsOf, create };
}

/** Stores a request of a new machine, sealed by a ring for that machine or for another one. */
async function requestStore(pool: Database["pool"], ring: FollowedKeyRing, name: string, of?: string): Promise<string> {
  const { rows } = await pool.query<{ machine_id: string }>(
    "INSERT INTO machines (name) VALUES ($1) RETURNING machine_id",
    [name],
  );
  const id = rows[0]?.machine_id ?? "";
  const owner = { machineId: machineId(of ?? id), generation: generation(1n) };
  await pool.query(
    "INSERT INTO machine_os_installation_request (machine_id, generation, os_installation_request_raw) VALUES ($1, 1, $2)",
    [id, Buffer.from(requestSeal(ring, owner, Buffer.from("\u0008\u0001")))],
  );
  return id;
}

test("a key that no process has any more is listed with what it sealed, and given up: another key is taken, pending requests are cancelled", async () => {
  await using stack = new AsyncDisposableStack();
  const { folder, dependencies, process, clientsOf, create } = await controlPlane(stack);
  const { pool } = dependencies.database;
  const first = await process("server", "one");
  await create(first, "rack7");
  const web1 = await requestStore(pool, first, "web1");
  await imageStore(pool, first.seal(imageSourcePlace({ name: "debian", version: 2 }), Buffer.from("source")));
  const lost = first.current() ?? "";
  const byFirst = clientsOf(first).secrets;
  const refused = await byFirst
    .secretsGiveUp({ requestId: randomUUID(), keyIds: [lost], confirmed: true })
    .catch(ConnectError.from);
  expect(refused).toMatchObject({
    rawMessage: expect.stringMatching(/is not lost: server .* has it in .*one\. Add its line/u),
  });
  expect(await byFirst.secretsGiveUp({ requestId: randomUUID(), confirmed: false })).toMatchObject({ keyIds: [] });
  await first[Symbol.asyncDispose]();
  await rm(join(folder, "one"));

  const second = await process("server", "two");
  expect(second.problem()).toContain(`sealed by key ${lost}`);
  const { secrets, credentials } = clientsOf(second);
  expect((await secrets.secretsShow({})).unready).toMatchObject([{ keyId: lost, process: { component: "server" } }]);
  expect((await secrets.secretsShow({})).keys).toMatchObject([{ id: lost, requests: 1, credentials: 1, images: 1 }]);
  const closed = { keyIds: [lost], credentials: ["rack7"], machines: ["web1"], machineCount: 1, images: ["debian@2"] };
  const look = await secrets.secretsGiveUp({ requestId: randomUUID(), confirmed: false });
  expect(look).toMatchObject({ ...closed, givenUp: false });
  expect(second.problem()).toBeDefined();

  const command = { requestId: randomUUID(), confirmed: true };
  expect(await secrets.secretsGiveUp(command)).toMatchObject({ ...closed, givenUp: true });
  // The same request id again gives the same answer.
  expect(await secrets.secretsGiveUp(command)).toMatchObject({ ...closed, givenUp: true });
  await second.look();
  expect(second.problem()).toBeUndefined();
  expect(second.current()).not.toBe(lost);
  const { rows } = await pool.query("SELECT result, error FROM machine_os_installation_report WHERE machine_id = $1", [
    web1,
  ]);
  expect(rows).toMatchObject([{ result: "cancelled", error: expect.stringContaining("was given up") }]);
  const history = await pool.query("SELECT event, actor FROM history WHERE machine_id = $1 ORDER BY at, id", [web1]);
  expect(history.rows.at(-1)).toMatchObject({ event: "installation_cancelled" });
  // The credential stays, is marked, and takes a new secret.
  expect((await credentials.credentialList({})).credentials).toMatchObject([{ name: "rack7", keyLost: true }]);
  await credentials.credentialRotate({ requestId: randomUUID(), name: "rack7", secret: Buffer.from("anew") });
  expect((await credentials.credentialList({})).credentials).toMatchObject([{ name: "rack7", keyLost: false }]);
  const unknown = await secrets
    .secretsGiveUp({ requestId: randomUUID(), keyIds: ["0".repeat(16)] })
    .catch(ConnectError.from);
  expect(unknown).toMatchObject({ rawMessage: expect.stringContaining("there is no key") });
});

test("a next key that is in no file any more blocks no change of keys once it is given up", async () => {
  await using stack = new AsyncDisposableStack();
  const { dependencies, process, clientsOf } = await controlPlane(stack);
  const server = await process("server", "one");
  const next = "f".repeat(16);
  await dependencies.database.pool.query(
    "INSERT INTO secrets_key (key_id, check_value, state) VALUES ($1, $2, 'next')",
    [next, Buffer.alloc(32)],
  );
  const { secrets } = clientsOf(server);
  const begun = await secrets.secretsRotate({ requestId: randomUUID() });
  expect(begun).toMatchObject({ keyId: next, held: false, holding: [] });
  expect(await secrets.secretsShow({})).toMatchObject({ lacking: [{ component: "server" }], holding: [] });
  await secrets.secretsGiveUp({ requestId: randomUUID(), keyIds: [next], confirmed: true });
  const again = await secrets.secretsRotate({ requestId: randomUUID() });
  expect(again).toMatchObject({ held: true, holding: [{ component: "server", keyFile: server.keyFile }] });
  expect(again.keyId).not.toBe(next);
});

test("a row that does not open is named, and does not keep later changes of keys waiting", async () => {
  await using stack = new AsyncDisposableStack();
  const { dependencies, process, clientsOf, create } = await controlPlane(stack);
  const { pool } = dependencies.database;
  const server = await process("server", "one");
  await create(server, "rack7");
  await pool.query(
    "UPDATE credential SET sealed_secret = set_byte(sealed_secret, 45, get_byte(sealed_secret, 45) # 1)",
  );
  const copied = await requestStore(pool, server, "web1", randomUUID());
  await imageStore(pool, server.seal(imageSourcePlace({ name: "debian", version: 1 }), Buffer.from("source")));
  const { secrets } = clientsOf(server);
  for (let change = 0; change < 2; change += 1) {
    const { keyId } = await secrets.secretsRotate({ requestId: randomUUID() });
    await waitFor("the next key to be the current one", async () => {
      await secretsKeysAdvance(dependencies.database);
      await server.look();
      return server.current() === keyId || undefined;
    });
  }
  const { unopened } = await secrets.secretsShow({});
  expect(unopened).toMatchObject([
    { credential: "rack7", problem: expect.stringContaining("does not open") },
    { machineId: copied, problem: expect.stringContaining("does not open") },
    { image: "debian@2", problem: expect.stringContaining("does not open") },
  ]);
});

test("a change of keys waits for every process, names the process that lacks the key, and is over when nothing is sealed by the old one", async () => {
  await using stack = new AsyncDisposableStack();
  const { folder, dependencies, process, clientsOf, create } = await controlPlane(stack);
  const server = await process("server", "one");
  await copyFile(server.keyFile, join(folder, "other"));
  const shepherd = await process("shepherd", "other");
  const clients = clientsOf(server);
  const { credential } = await create(server, "rack7");
  const before = server.current() ?? "";

  const command = { requestId: randomUUID() };
  const begun = await clients.secrets.secretsRotate(command);
  expect(begun.keyFile).toBe(server.keyFile);
  expect((await keyFileRead(server.keyFile))?.map(({ id }) => id)).toEqual([before, begun.keyId]);
  // A repeated call, and another call while it is under way, begin no other change.
  expect((await clients.secrets.secretsRotate(command)).keyId).toBe(begun.keyId);
  expect((await clients.secrets.secretsRotate({ requestId: randomUUID() })).keyId).toBe(begun.keyId);
  await secretsKeysAdvance(dependencies.database);
  const waiting = await clients.secrets.secretsShow({});
  expect(waiting.keys.map(({ id, state, credentials }) => [id, state, credentials])).toEqual([
    [before, "current", 1],
    [begun.keyId, "next", 0],
  ]);
  expect(waiting.lacking).toMatchObject([{ component: "shepherd", keyFile: shepherd.keyFile }]);
  expect(server.current()).toBe(before);

  await copyFile(server.keyFile, shepherd.keyFile);
  await waitFor("the new key to be the current one", async () => {
    await secretsKeysAdvance(dependencies.database);
    return server.current() === begun.keyId && shepherd.current() === begun.keyId ? true : undefined;
  });
  // Either opens it still, and another change has to wait until it is sealed anew.
  const id = credentialId(credential?.id ?? "");
  expect(await credentialOpen(dependencies.database, shepherd, id)).toMatchObject({ secret: "calvin" });
  const refused = await clients.secrets.secretsRotate({ requestId: randomUUID() }).catch(ConnectError.from);
  expect(refused).toMatchObject({ rawMessage: expect.stringContaining("is still being sealed anew") });
  await dependencies.database.pool.query("UPDATE credential SET sealed_secret = $1", [
    Buffer.from(server.seal(credentialPlace(id, "secret"), Buffer.from("calvin"))),
  ]);
  expect(await secretsKeysAdvance(dependencies.database)).toEqual({ retired: [before] });
  const over = await clients.secrets.secretsShow({});
  expect(over.keys.map(({ id: key, state, credentials }) => [key, state, credentials])).toEqual([
    [before, "retired", 0],
    [begun.keyId, "current", 1],
  ]);
  expect([over.lacking, over.clearRequests, over.problem]).toEqual([[], 0, ""]);
  // The first command's answer is still the same.
  expect((await clients.secrets.secretsRotate(command)).keyId).toBe(begun.keyId);
});

/** The second version of an image, with what is sealed. */
async function imageStore(pool: Database["pool"], sealed: Uint8Array): Promise<void> {
  await pool.query("INSERT INTO catalogue_image (image_name, last_version, created_by) VALUES ('debian', 2, 't')");
  await pool.query(
    `INSERT INTO image_version (image_name, version, sealed_source, shown_url, signed, cached, created_by)
     VALUES ('debian', 2, $1, 'u', false, false, 't')`,
    [Buffer.from(sealed)],
  );
}
