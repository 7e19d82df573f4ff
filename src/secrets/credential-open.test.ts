import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { connect, type Database } from "../database/connect.ts";
import { credentialId, requestId, type CredentialId } from "../database/ids.ts";
import {
  credentialCreate,
  credentialNextDrop,
  credentialRotate,
  credentialShow,
} from "../database/queries/secret/credential.ts";
import { createLogger } from "../lib/log.ts";
import { credentialNextSeal, credentialNextTake, credentialOpen, credentialPlace } from "./credential-open.ts";
import { testKeyRing } from "./testing/key-ring.ts";

let made: TestDatabase;
let database: Database;
beforeAll(async () => {
  made = await testDatabase();
  database = connect(made.connection, { log: createLogger({ level: "silent", component: "test" }) });
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await made[Symbol.asyncDispose]();
});

const ring = testKeyRing();

function command(name: string): {
  requestId: ReturnType<typeof requestId>;
  command: string;
  bodyDigests: Uint8Array[];
} {
  return { requestId: requestId(randomUUID()), command: name, bodyDigests: [Buffer.alloc(32)] };
}

async function stored(secret: string): Promise<CredentialId> {
  const id = credentialId(randomUUID());
  return credentialCreate(database, {
    ...command("credential_create"),
    credentialId: id,
    name: `c-${id.slice(0, 8)}`,
    kind: "bmc",
    userName: "root",
    allowed: ["10.1.0.0/16", "bmc7.rack"],
    sealedSecret: ring.seal(credentialPlace(id, "secret"), Buffer.from(secret)),
    createdBy: "token",
  });
}

test("it opens to user, secret and the places where that may be sent", async () => {
  const id = await stored("calvin-ß");
  const open = await credentialOpen(database, ring, id);
  expect(open).toMatchObject({ credentialId: id, kind: "bmc", userName: "root", secret: "calvin-ß" });
  expect(open.nextSecret).toBeUndefined();
  expect(open.mayReach({ host: "bmc7.rack", ip: "192.0.2.1" })).toBe(true);
  expect(open.mayReach({ host: "bmc8.rack", ip: "10.1.2.3" })).toBe(true);
  expect(open.mayReach({ host: "bmc8.rack", ip: "192.0.2.1" })).toBe(false);
});

test("a missing credential is reported; a credential copied to another row, or sealed by a key that is not there, does not open", async () => {
  await expect(credentialOpen(database, ring, credentialId(randomUUID()))).rejects.toMatchObject({ code: "not_found" });
  const [one, other] = [await stored("one"), await stored("other")];
  await database.pool.query(
    `UPDATE credential SET sealed_secret = (SELECT sealed_secret FROM credential WHERE credential_id = $1)
     WHERE credential_id = $2`,
    [one, other],
  );
  await expect(credentialOpen(database, ring, other)).rejects.toMatchObject({ code: "altered" });
  await expect(credentialOpen(database, testKeyRing(), one)).rejects.toMatchObject({ code: "key_missing" });
});

test("the next secret is stored beside the current one, and takes its place or is forgotten", async () => {
  const id = await stored("old");
  const sealed = await credentialNextSeal(database.kysely, ring, id, "new");
  expect(await credentialOpen(database, ring, id)).toMatchObject({ secret: "old", nextSecret: "new" });
  // It is dropped only as long as it is what was stored.
  await credentialNextDrop(database.kysely, id, ring.seal(credentialPlace(id, "next-secret"), Buffer.from("new")));
  expect(await credentialOpen(database, ring, id)).toHaveProperty("nextSecret");
  await credentialNextDrop(database.kysely, id, sealed);
  expect(await credentialOpen(database, ring, id)).not.toHaveProperty("nextSecret");
  await credentialNextSeal(database.kysely, ring, id, "new");
  await credentialNextTake(database, ring, { credentialId: id, by: "alice" });
  expect(await credentialOpen(database, ring, id)).toMatchObject({ secret: "new" });
  expect(await credentialShow(database, { credentialId: id })).toMatchObject({ rotatedBy: "alice", nextStored: false });
  // A second call changes nothing, because there is no next secret any more.
  await credentialNextTake(database, ring, { credentialId: id, by: "bob" });
  expect(await credentialShow(database, { credentialId: id })).toMatchObject({ rotatedBy: "alice" });
});

test("a secret that an operator stores ends the change that was under way", async () => {
  const id = await stored("old");
  await credentialNextSeal(database.kysely, ring, id, "new");
  await credentialRotate(database, {
    ...command("credential_rotate"),
    credentialId: id,
    sealedSecret: ring.seal(credentialPlace(id, "secret"), Buffer.from("operator's")),
    rotatedBy: "bob",
  });
  await credentialNextTake(database, ring, { credentialId: id, by: "alice" });
  expect(await credentialOpen(database, ring, id)).toMatchObject({ secret: "operator's" });
});
