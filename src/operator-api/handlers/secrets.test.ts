import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { StoredCredentialKind } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { testDatabase } from "../../../test/support/database.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { credentialId } from "../../database/ids.ts";
import { secretsKeysAdvance } from "../../database/queries/secret/secrets-key.ts";
import { sessionHold } from "../../database/session-holder.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/log.ts";
import { credentialOpen, credentialPlace } from "../../secrets/credential-open.ts";
import { keyFileRead } from "../../secrets/key-file.ts";
import { keyRingFollow, type FollowedKeyRing } from "../../secrets/key-ring-follow.ts";
import { testClients, testDependencies } from "../testing/operator-api.ts";

const log = createLogger({ level: "silent", component: "test" });

test("a change of keys waits for every process, names the process that lacks the key, and is over when nothing is sealed by the old one", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-rotate-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const database = stack.use(await testDatabase());
  const dependencies = stack.use(testDependencies(database.connection));
  const process = async (component: string, name: string): Promise<FollowedKeyRing> => {
    const sessions = stack.use(sessionHold(dependencies.database, { component, log, clock: systemClock }));
    await sessions.next();
    const [keyFile, mayMake] = [join(folder, name), component === "server"];
    const ring = stack.use(
      await keyRingFollow({ database: dependencies.database, keyFile, mayMake, log, clock: systemClock }),
    );
    await ring.heldUnder(sessions);
    return ring;
  };
  const server = await process("server", "one");
  await copyFile(server.keyFile, join(folder, "other"));
  const shepherd = await process("shepherd", "other");
  const clients = testClients({ ...dependencies, secrets: server, secretsKeys: server });
  const { credential } = await clients.credentials.credentialCreate({
    requestId: randomUUID(),
    name: "rack7",
    kind: StoredCredentialKind.BMC,
    userName: "root",
    secret: Buffer.from("calvin"),
    allowed: ["10.0.0.0/8"],
  });
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
