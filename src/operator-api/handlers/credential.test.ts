import { generateKeyPairSync, randomUUID } from "node:crypto";
import { ConnectError, Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { StoredCredentialKind } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { credentialId } from "../../database/ids.ts";
import { credentialOpen } from "../../secrets/credential-open.ts";
import { testClients, testDependencies, type TestClients, type TestDependencies } from "../testing/operator-api.ts";

let database: TestDatabase;
let dependencies: TestDependencies;
let clients: TestClients;
beforeAll(async () => {
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  clients = testClients(dependencies);
});
afterAll(async () => {
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function refusal(call: Promise<unknown>): Promise<[string, string]> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  return error === undefined ? ["ok", ""] : [Code[error.code] ?? "", error.rawMessage];
}

const secretText = "calvin-7f3a-planted";
const request = (name: string, more: Record<string, unknown> = {}) => ({
  requestId: randomUUID(),
  name,
  kind: StoredCredentialKind.BMC,
  userName: "root",
  secret: Buffer.from(secretText),
  allowed: ["10.1.0.0/16", "BMC7.rack."],
  ...more,
});

async function opened(id: string): Promise<string> {
  return (await credentialOpen(dependencies.database, dependencies.secrets, credentialId(id))).secret;
}

test("a stored credential opens with its secret, is listed without it, replaced and deleted", async () => {
  const { credential } = await clients.credentials.credentialCreate(request("rack7"));
  expect(credential).toMatchObject({
    name: "rack7",
    kind: StoredCredentialKind.BMC,
    userName: "root",
    allowed: ["10.1.0.0/16", "bmc7.rack"],
    keyId: dependencies.secrets.current(),
    createdBy: "token",
    rotatedBy: "",
  });
  const id = credential?.id ?? "";
  expect(await opened(id)).toBe(secretText);
  expect((await clients.credentials.credentialList({})).credentials).toEqual([credential]);
  const rotated = await clients.credentials.credentialRotate({
    requestId: randomUUID(),
    name: "rack7",
    secret: Buffer.from("another"),
  });
  expect(rotated.credential).toMatchObject({ id, rotatedBy: "token" });
  expect(await opened(id)).toBe("another");
  await clients.credentials.credentialDelete({ requestId: randomUUID(), name: "rack7" });
  expect((await clients.credentials.credentialList({})).credentials).toEqual([]);
});

test("the same command again gets its first answer, also at once; another body is refused", async () => {
  const command = request("once");
  const answers = await Promise.all([1, 2, 3].map(() => clients.credentials.credentialCreate(command)));
  expect(new Set(answers.map(({ credential }) => credential?.id)).size).toBe(1);
  for (const other of [{ secret: Buffer.from("guess") }, { name: "twice" }, { allowed: ["10.2.0.0/16"] }]) {
    expect(await refusal(clients.credentials.credentialCreate({ ...command, ...other }))).toEqual([
      "FailedPrecondition",
      expect.stringContaining("make a new request id"),
    ]);
  }
  expect(await refusal(clients.credentials.credentialCreate(request("once")))).toEqual([
    "AlreadyExists",
    expect.stringContaining('there is a credential named "once"'),
  ]);
  const rotate = { requestId: randomUUID(), name: "once", secret: Buffer.from("second") };
  await clients.credentials.credentialRotate(rotate);
  await clients.credentials.credentialRotate({ ...rotate, requestId: randomUUID(), secret: Buffer.from("third") });
  await clients.credentials.credentialRotate(rotate);
  expect(await opened(answers[0]?.credential?.id ?? "")).toBe("third");
  const remove = { requestId: randomUUID(), name: "once" };
  await clients.credentials.credentialDelete(remove);
  await clients.credentials.credentialDelete(remove);
  expect((await refusal(clients.credentials.credentialDelete({ requestId: randomUUID(), name: "once" })))[0]).toBe(
    "NotFound",
  );
});

test("neither the secret nor a plain digest of it is anywhere in the database, and the audit has each command", async () => {
  const command = request("planted");
  await clients.credentials.credentialCreate(command);
  await refusal(clients.credentials.credentialCreate({ ...command, userName: "" }));
  const { rows: tables } = await dependencies.database.pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
  );
  for (const { name } of tables) {
    const { rows } = await dependencies.database.pool.query<{ text: string }>(
      `SELECT t::text AS text FROM "${name}" t`,
    );
    const found = rows.filter(
      ({ text }) => text.includes(secretText) || text.includes(Buffer.from(secretText).toString("hex")),
    );
    expect([name, found]).toEqual([name, []]);
  }
  const { entries } = await clients.access.auditList({});
  expect(entries.slice(0, 2).map(({ method, code }) => [method.split("/")[1], code])).toEqual([
    ["CredentialCreate", "invalid_argument"],
    ["CredentialCreate", "ok"],
  ]);
});

test("only an admin may, also to look", async () => {
  for (const role of [Role.VIEWER, Role.OPERATOR]) {
    const { secret } = await clients.access.tokenCreate({ requestId: randomUUID(), name: `role-${role}`, role });
    const { credentials } = testClients(dependencies, secret);
    expect((await refusal(credentials.credentialCreate(request("theirs"))))[0]).toBe("PermissionDenied");
    expect((await refusal(credentials.credentialList({})))[0]).toBe("PermissionDenied");
  }
});

test("a credential that another row refers to is not deleted", async () => {
  const { credential } = await clients.credentials.credentialCreate(request("used"));
  await dependencies.database.pool.query(
    "CREATE TABLE uses (credential_id uuid REFERENCES credential (credential_id))",
  );
  await dependencies.database.pool.query("INSERT INTO uses VALUES ($1)", [credential?.id]);
  const remove = { requestId: randomUUID(), name: "used" };
  expect(await refusal(clients.credentials.credentialDelete(remove))).toEqual([
    "FailedPrecondition",
    expect.stringContaining("is in use by a machine's management controller"),
  ]);
  await dependencies.database.pool.query("DROP TABLE uses");
  await clients.credentials.credentialDelete(remove);
});

test("the list goes page by page by name", async () => {
  for (const name of ["page-b", "page-a", "page-c"]) {
    await clients.credentials.credentialCreate(request(name));
  }
  const names: string[] = [];
  let pageToken = "";
  do {
    const page = await clients.credentials.credentialList({ pageSize: 2, pageToken });
    names.push(...page.credentials.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(names).toEqual(names.toSorted());
  expect(names.filter((name) => name.startsWith("page-"))).toEqual(["page-a", "page-b", "page-c"]);
});

const sshKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" });
describe("what is refused", () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ["no name", { name: "" }, /^name: expected a-z/u],
    ["capitals", { name: "Rack7" }, /^name: expected a-z/u],
    ["a UUID as name", { name: randomUUID() }, /^name: looks like a UUID/u],
    ["no kind", { kind: 0 }, /^kind: expected STORED_CREDENTIAL_KIND_BMC/u],
    ["no user", { userName: "" }, /^user_name: is missing/u],
    ["a user of two lines", { userName: "a\nb" }, /^user_name: holds a control character/u],
    ["no secret", { secret: new Uint8Array() }, /^secret: is empty/u],
    ["a NUL", { secret: Buffer.from(`${secretText}\0`) }, /^secret: holds a NUL/u],
    ["CRLF at its end", { secret: Buffer.from(`${secretText}\r\n`) }, /^secret: has more than one line/u],
    ["two lines", { secret: Buffer.from(`${secretText}\nx`) }, /^secret: has more than one line/u],
    ["no UTF-8", { secret: Buffer.from([0xff, 0xfe, 0x41]) }, /^secret: is not UTF-8/u],
    ["a byte order mark", { secret: Buffer.from(`\uFEFF${secretText}`) }, /^secret: begins with a byte order mark/u],
    ["65,537 bytes", { secret: Buffer.alloc(65_537, "x") }, /^secret: has 65537 bytes: expected at most 65536/u],
    ["a password as key", { kind: StoredCredentialKind.SSH_KEY }, /^secret: is no private key: expected PEM/u],
    ["nowhere", { allowed: [] }, /^allowed: is missing/u],
    ["a URL", { allowed: ["https://10.1.2.3"] }, /^allowed.0: expected a network/u],
    ["host bits", { allowed: ["10.1.0.0/16", "10.1.2.3/16"] }, /^allowed.1: expected a network/u],
    ["65 places", { allowed: Array.from({ length: 65 }, (_, n) => `h${n}`) }, /^allowed: expected at most 64/u],
    ["no request id", { requestId: "" }, /^request_id: expected a UUID/u],
  ])("%s, without any of the secret", async (_what, wrong, message) => {
    const [code, text] = await refusal(clients.credentials.credentialCreate(request("bad", wrong)));
    expect([code, text]).toEqual(["InvalidArgument", expect.stringMatching(message)]);
    expect(text).not.toContain("calvin");
  });

  test("a secret of 1 MiB", async () => {
    const [code, text] = await refusal(
      clients.credentials.credentialCreate(request("bad", { secret: Buffer.alloc(1 << 20, secretText) })),
    );
    expect(code).toMatch(/^(?:InvalidArgument|ResourceExhausted)$/u);
    expect(text).not.toContain("calvin");
  });

  test("65,536 bytes and a private key are taken", async () => {
    await clients.credentials.credentialCreate(request("long", { secret: Buffer.alloc(65_536, "x") }));
    const { credential } = await clients.credentials.credentialCreate(
      request("key", { kind: StoredCredentialKind.SSH_KEY, secret: Buffer.from(sshKey) }),
    );
    expect(await opened(credential?.id ?? "")).toBe(sshKey);
  });
});
