import { randomUUID } from "node:crypto";
import type { DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { AuditResult, Credential, Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { roleIncludes, roles } from "../../database/role.ts";
import { authorizationRules, methodName, operatorServices } from "../caller/authorization.ts";
import { mutates } from "../interceptors/audit.ts";
import { testClients, testTransport } from "../testing/operator-api.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { fleet, dependencies, clients } = await operatorFixture();

const make = async (name: string, role: Role = Role.VIEWER, more: Record<string, unknown> = {}) =>
  clients.access.tokenCreate({ requestId: randomUUID(), name, role, ...more });

describe("tokens", () => {
  test("a new token lets its named operator in", async () => {
    const { token, secret } = await make("alice", Role.OPERATOR);
    expect(secret).toMatch(/^frr_[A-Za-z0-9_-]{43}$/u);
    expect(token).toMatchObject({
      name: "alice",
      role: Role.OPERATOR,
      prefix: secret.slice(0, 10),
      createdBy: "token",
    });
    const alice = testClients(dependencies, secret);
    expect(await alice.access.whoAmI({})).toMatchObject({
      name: "alice",
      role: Role.OPERATOR,
      credential: Credential.TOKEN,
    });
    expect(await clients.access.whoAmI({})).toMatchObject({ role: Role.ADMIN, credential: Credential.DATA_DIRECTORY });
    const added = await alice.machines.machineAdd({
      requestId: randomUUID(),
      provider: "static",
      providerId: "by-alice",
    });
    const { entries } = await clients.machines.machineHistory({ machine: added.machine?.id ?? "" });
    expect(entries.map(({ actorKind, actor }) => [actorKind, actor])).toEqual([["operator", "alice"]]);
    await waitFor("the token's use to be noted", async () => {
      const { tokens } = await clients.access.tokenList({});
      return tokens.find(({ name }) => name === "alice")?.lastUsedAt;
    });
  });

  test("the secret is nowhere in the database", async () => {
    const { secret } = await make("secret");
    const { rows } = await dependencies.database.pool.query<{ text: string }>(
      "SELECT t::text AS text FROM operator_token t UNION ALL SELECT a::text FROM operator_audit a",
    );
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.filter(({ text }) => text.includes(secret.slice(10)))).toEqual([]);
  });

  test("the same command makes one, also at once; its secret is told once; another body is refused", async () => {
    const command = { requestId: randomUUID(), name: "once", role: Role.VIEWER };
    const answers = await Promise.all([1, 2, 3].map(() => clients.access.tokenCreate(command)));
    expect(new Set(answers.map(({ token }) => token?.id)).size).toBe(1);
    expect(answers.filter(({ secret }) => secret !== "")).toHaveLength(1);
    expect(await refusal(clients.access.tokenCreate({ ...command, role: Role.ADMIN }))).toEqual([
      "FailedPrecondition",
      expect.stringContaining("make a new request id"),
    ]);
    expect(await refusal(clients.access.tokenRevoke({ requestId: command.requestId, token: "once" }))).toEqual([
      "FailedPrecondition",
      expect.stringContaining("was used for another command"),
    ]);
    expect((await refusal(make("once")))[0]).toBe("AlreadyExists");
  });

  test("a revoked token is refused at once, stays in the list, and its name is free again", async () => {
    const { token, secret } = await make("gone");
    const gone = testClients(dependencies, secret);
    await gone.access.whoAmI({});
    const command = { requestId: randomUUID(), token: "gone" };
    const revoked = await clients.access.tokenRevoke(command);
    expect(revoked.token).toMatchObject({ id: token?.id, revokedBy: "token" });
    expect((await refusal(gone.access.whoAmI({})))[0]).toBe("Unauthenticated");
    expect((await clients.access.tokenRevoke(command)).token?.revokedAt).toEqual(revoked.token?.revokedAt);
    expect((await refusal(clients.access.tokenRevoke({ ...command, token: "alice" })))[0]).toBe("FailedPrecondition");
    const again = { requestId: randomUUID(), token: token?.id ?? "" };
    expect((await refusal(clients.access.tokenRevoke(again)))[0]).toBe("FailedPrecondition");
    expect((await refusal(clients.access.tokenRevoke({ ...again, token: "nobody" })))[0]).toBe("NotFound");
    expect((await refusal(clients.access.tokenRevoke({ ...again, token: randomUUID() })))[0]).toBe("NotFound");
    expect((await clients.access.tokenList({})).tokens.map(({ name }) => name)).not.toContain("gone");
    expect((await clients.access.tokenList({ all: true })).tokens.map(({ name }) => name)).toContain("gone");
    expect((await make("gone")).secret).not.toBe("");
  });

  test("an expired token is refused, and its name is free again", async () => {
    const { token, secret } = await make("short", Role.VIEWER, { expiresInSeconds: 3_600n });
    const expires = timestampDate(
      token?.expiresAt ?? { $typeName: "google.protobuf.Timestamp", seconds: 0n, nanos: 0 },
    );
    expect(expires.getTime() - Date.now()).toBeGreaterThan(3_500_000);
    const short = testClients(dependencies, secret);
    expect((await short.access.whoAmI({})).expiresAt).toEqual(token?.expiresAt);
    // The guard lets nobody change a token: as if an hour had passed.
    const { pool } = dependencies.database;
    await pool.query("ALTER TABLE operator_token DISABLE TRIGGER operator_token_guard");
    await pool.query(
      "UPDATE operator_token SET created_at = now() - interval '2 h', expires_at = now() WHERE token_name = 'short'",
    );
    await pool.query("ALTER TABLE operator_token ENABLE TRIGGER operator_token_guard");
    dependencies.authenticator.tokensChanged();
    expect((await refusal(short.access.whoAmI({})))[0]).toBe("Unauthenticated");
    expect((await make("short")).secret).not.toBe("");
  });

  test("the database lets nobody change or delete one", async () => {
    const query = (text: string): Promise<unknown> => dependencies.database.pool.query(text);
    await expect(query("UPDATE operator_token SET role = 'admin' WHERE role = 'viewer'")).rejects.toThrow("be changed");
    await expect(
      query(
        "UPDATE operator_token SET revoked_at = NULL, revoked_by = NULL, revoked_request_id = NULL WHERE revoked_at IS NOT NULL",
      ),
    ).rejects.toThrow("be changed");
    await expect(query("DELETE FROM operator_token")).rejects.toThrow("not deleted");
  });

  test("the list goes page by page, every token once", async () => {
    const names: string[] = [];
    let pageToken = "";
    do {
      const page = await clients.access.tokenList({ all: true, pageSize: 2, pageToken });
      names.push(...page.tokens.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    const whole = await clients.access.tokenList({ all: true, pageSize: 1_000 });
    expect(names).toEqual(whole.tokens.map(({ id }) => id));
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["no name", { name: "" }, /name: expected a-z/u],
    ["capitals", { name: "Alice" }, /name: expected a-z/u],
    ["a UUID as name", { name: randomUUID() }, /looks like a UUID/u],
    ["the data directory's name", { name: "token" }, /name of the data directory's token/u],
    ["no role", { role: 0 }, /role: expected ROLE_VIEWER/u],
    ["an unknown role", { role: 9 }, /role: expected ROLE_VIEWER/u],
    ["a short time", { expiresInSeconds: 59n }, /expires_in_seconds: expected 60/u],
    ["a negative time", { expiresInSeconds: -1n }, /expires_in_seconds: expected 60/u],
    ["a long time", { expiresInSeconds: 315_360_001n }, /expires_in_seconds: expected 60/u],
    ["no request id", { requestId: "" }, /request_id: expected a UUID/u],
  ])("%s is refused", async (_what, wrong, message) => {
    const request = { requestId: randomUUID(), name: "bob", role: Role.VIEWER, ...wrong };
    expect(await refusal(clients.access.tokenCreate(request))).toEqual([
      "InvalidArgument",
      expect.stringMatching(message),
    ]);
  });

  test.each(["x", "1-2", "-", `1-${randomUUID()}x`, "99999999999999999-1"])(
    "page token %j is refused",
    async (pageToken) => {
      expect(await refusal(clients.access.tokenList({ pageToken }))).toEqual([
        "InvalidArgument",
        expect.stringContaining("page_token: expected next_page_token"),
      ]);
    },
  );
});

describe("roles", () => {
  const methods = operatorServices.flatMap((service: DescService) => service.methods);

  test.each(roles)("a %s may do what its role says of every RPC, and nothing else", async (role) => {
    const { secret } = await make(
      `role-${role}`,
      { viewer: Role.VIEWER, operator: Role.OPERATOR, admin: Role.ADMIN }[role],
    );
    const transport = testTransport(dependencies, `Bearer ${secret}`);
    for (const method of methods.filter(({ methodKind }) => methodKind === "unary")) {
      const name = methodName(method);
      const [code] = await refusal(transport.unary(method as DescMethodUnary, undefined, undefined, undefined, {}));
      const needed = authorizationRules[name];
      const allowed = needed !== undefined && (needed === "anybody" || roleIncludes(role, needed));
      expect([name, code === "PermissionDenied"]).toEqual([name, !allowed]);
    }
  });

  test("every RPC that changes something is in the audit, refused or not", async () => {
    const { secret } = await make("watcher");
    const transport = testTransport(dependencies, `Bearer ${secret}`);
    const forViewers = methods.filter((method) => authorizationRules[methodName(method)] === "viewer");
    const changing = methods.filter((method) => mutates(method) && !forViewers.includes(method));
    expect(changing.length).toBeGreaterThan(4);
    for (const method of changing) {
      const requestId = randomUUID();
      const machine = randomUUID();
      const named = method.input.fields.some(({ name }) => name === "machine");
      const request = { requestId, ...(named ? { machine } : {}) };
      await refusal(transport.unary(method as DescMethodUnary, undefined, undefined, undefined, request));
      const { entries } = await clients.access.auditList({ actor: "watcher", pageSize: 1 });
      expect(entries[0]).toMatchObject({
        actor: "watcher",
        credential: Credential.TOKEN,
        role: Role.VIEWER,
        method: methodName(method),
        code: "permission_denied",
        message: expect.stringContaining("needs the role"),
        requestId,
        machine: named ? machine : "",
        machineId: named ? machine : "",
      });
      // The same by someone who may, whatever comes of it.
      const allowed = testTransport(dependencies, `Bearer ${await adminSecret()}`);
      await refusal(
        allowed.unary(method as DescMethodUnary, undefined, undefined, undefined, {
          ...request,
          requestId: randomUUID(),
        }),
      );
      const own = await clients.access.auditList({ actor: "auditor", pageSize: 1 });
      expect(own.entries[0]?.method).toBe(methodName(method));
      expect(own.entries[0]?.code).not.toBe("permission_denied");
    }
  });

  let admin: string | undefined;
  async function adminSecret(): Promise<string> {
    admin ??= (await make("auditor", Role.ADMIN)).secret;
    return admin;
  }
});

describe("the audit", () => {
  test("says who did what to which machine, and with what result", async () => {
    const { secret } = await make("carol", Role.OPERATOR);
    const carol = testClients(dependencies, secret);
    const requestId = randomUUID();
    const { machine } = await carol.machines.machineAdd({ requestId, provider: "static", providerId: "c", name: "cc" });
    const register = { requestId: randomUUID(), machine: "cc", publicKey: new Uint8Array(31) };
    await refusal(carol.agents.agentRegister(register));
    const { entries } = await clients.access.auditList({ machine: "cc" });
    expect(
      entries.map((entry) => [entry.actor, entry.method.split("/")[1], entry.machine, entry.machineId, entry.code]),
    ).toEqual([
      ["carol", "AgentRegister", "cc", machine?.id, "invalid_argument"],
      ["carol", "MachineAdd", "", machine?.id, "ok"],
    ]);
    expect(entries[1]?.requestId).toBe(requestId);
    // As it is called now, however it was called then.
    expect(entries.map(({ machineName }) => machineName)).toEqual(["cc", "cc"]);
    expect(entries[0]?.message).toContain("public_key");
    // What only looks is not in it, and strangers can't fill it.
    await carol.machines.machineList({});
    await refusal(testClients(dependencies, "frr_wrong").machines.machineAdd({ requestId }));
    expect((await clients.access.auditList({ machine: "cc" })).entries).toHaveLength(2);
  });

  test("goes back page by page, every entry once", async () => {
    const { entries: whole } = await clients.access.auditList({ pageSize: 1_000 });
    const paged: typeof whole = [];
    let pageToken = "";
    do {
      const page = await clients.access.auditList({ pageSize: 3, pageToken });
      paged.push(...page.entries);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(whole.length).toBeGreaterThan(10);
    expect(paged).toEqual(whole);
  });

  test("of some calls, by their result, and of a time", async () => {
    const { entries: whole } = await clients.access.auditList({ pageSize: 1_000 });
    const methods = ["MachineAdd", "farrier.operator.v1.AgentKeyService/AgentRegister"];
    const of = async (request: Parameters<typeof clients.access.auditList>[0]) =>
      (await clients.access.auditList({ pageSize: 1_000, ...request })).entries;
    const some = whole.filter(({ method }) => /\/(?:MachineAdd|AgentRegister)$/u.test(method));
    expect(some.length).toBeGreaterThan(1);
    expect(await of({ methods })).toEqual(some);
    const refused = whole.filter(({ code }) => code !== "ok");
    expect(refused.length).toBeGreaterThan(1);
    expect(await of({ result: AuditResult.REFUSED })).toEqual(refused);
    expect(await of({ result: AuditResult.OK })).toEqual(whole.filter(({ code }) => code === "ok"));
    const middle = whole[Math.floor(whole.length / 2)]?.at;
    expect(middle).toBeDefined();
    const later = await of(middle === undefined ? {} : { from: middle });
    const earlier = await of(middle === undefined ? {} : { before: middle });
    expect(earlier.length).toBeGreaterThan(0);
    // A message has no microseconds: what is of the same millisecond as `middle` is later.
    expect([...later, ...earlier]).toEqual(whole);
  });

  test("by a filter that few of many entries meet, it is read by an index", async () => {
    await fleet.rows(
      `INSERT INTO operator_audit (at, actor, credential, role, method, machine, address, code, message)
       SELECT '2020-01-01Z'::timestamptz + i * interval '1 s', 'many', 'token', 'admin', 'farrier.operator.v1.MachineService/MachineUpdate', '', '', 'ok', ''
       FROM generate_series(1, 50000) i`,
    );
    await fleet.rows("ANALYZE operator_audit");
    for (const condition of ["method IN ('farrier.operator.v1.MachineService/MachineAdd')", "code <> 'ok'"]) {
      const plan = await fleet.rows<{ "QUERY PLAN": string }>(
        `EXPLAIN SELECT * FROM operator_audit WHERE ${condition} ORDER BY at DESC, id DESC LIMIT 101`,
      );
      expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toMatch(/operator_audit_(?:method|refused)/u);
    }
  });

  test("the database refuses to change, delete or empty it", async () => {
    for (const text of [
      "UPDATE operator_audit SET actor = 'x'",
      "DELETE FROM operator_audit",
      "TRUNCATE operator_audit",
    ]) {
      await expect(dependencies.database.pool.query(text)).rejects.toThrow("append-only");
    }
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ["an unknown machine", { machine: "nobody" }, "NotFound", /no machine "nobody"/u],
    ["a machine that is no name", { machine: "a b" }, "InvalidArgument", /machine: expected/u],
    ["a foreign page token", { pageToken: "7" }, "InvalidArgument", /page_token/u],
    ["a great page", { pageSize: 1_001 }, "InvalidArgument", /page_size/u],
    ["a NUL", { actor: "a\0b" }, "InvalidArgument", /actor/u],
    ["a call that there is not", { methods: ["Add"] }, "InvalidArgument", /methods\.0: expected a call's name/u],
    ["a result that there is not", { result: 9 }, "InvalidArgument", /result: expected/u],
    ["a time without end", { from: { seconds: 1n << 60n } }, "InvalidArgument", /from: expected a time/u],
  ])("%s is refused", async (_what, request, code, message) => {
    expect(await refusal(clients.access.auditList(request))).toEqual([code, expect.stringMatching(message)]);
  });

  test("what can't be written into it is not acknowledged; repeated, it is carried out once and written", async () => {
    const { pool } = dependencies.database;
    await pool.query("ALTER TABLE operator_audit ADD CONSTRAINT none CHECK (machine <> 'dd') NOT VALID");
    const command = { requestId: randomUUID(), machine: "dd", publicKey: new Uint8Array(32).fill(7) };
    await clients.machines.machineAdd({ requestId: randomUUID(), provider: "static", providerId: "d", name: "dd" });
    expect(await refusal(clients.agents.agentRegister(command))).toEqual([
      "Unavailable",
      expect.stringContaining(`repeat it with the same request id, ${command.requestId}`),
    ]);
    await pool.query("ALTER TABLE operator_audit DROP CONSTRAINT none");
    await clients.agents.agentRegister(command);
    const { entries } = await clients.machines.machineHistory({ machine: "dd" });
    expect(entries.map(({ event }) => event)).toEqual(["agent_registered", "machine_added"]);
    expect((await clients.access.auditList({ machine: "dd" })).entries[0]).toMatchObject({ code: "ok" });
  });
});
