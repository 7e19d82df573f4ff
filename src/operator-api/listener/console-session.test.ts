import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { consoleSessionsLocalEnd } from "../../database/queries/console/console-sessions-local-end.ts";
import { tlsFilesEnsure } from "../../lib/tls/credentials.ts";
import {
  testClients,
  testDependencies,
  testToken,
  type TestClients,
  type TestDependencies,
} from "../testing/operator-api.ts";
import { operatorApiListen, type OperatorApiListener } from "./listener.ts";

const run = promisify(execFile);
const service = "/farrier.operator.v1.";
const start = `${service}ConsoleService/ConsoleSessionStart`;
const end = `${service}ConsoleService/ConsoleSessionEnd`;
const list = `${service}ConsoleService/ConsoleSessionList`;
const whoAmI = `${service}AccessService/WhoAmI`;

let directory: string;
let database: TestDatabase;
/** Two servers on one database. */
let dependencies: TestDependencies;
let others: TestDependencies;
let clients: TestClients;
let clear: OperatorApiListener;
let other: OperatorApiListener;
let tls: OperatorApiListener;
let ca: string;
let certificate: { cert: string; key: string };

/** A key and a certificate; of the CA `by`, or self-signed. */
async function issue(name: string, subject: string, by?: string): Promise<{ cert: string; key: string }> {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.pem`)];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const issuer = by === undefined ? [] : ["-CA", join(directory, `${by}.pem`), "-CAkey", join(directory, `${by}.key`)];
  const usage = by === undefined ? "basicConstraints=critical,CA:TRUE" : "basicConstraints=CA:FALSE";
  await run("openssl", [
    ...["req", "-x509", ...curve, "-keyout", key, "-out", cert, "-days", "1", "-subj", subject],
    ...["-addext", usage, ...issuer],
  ]);
  return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-console-session-"));
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  others = testDependencies(database.connection);
  clients = testClients(dependencies);
  const files = await tlsFilesEnsure({ directory: join(directory, "tls"), serverNames: [] });
  ca = files.caCertificatePem;
  const operators = await issue("operators", "/CN=Operators CA");
  certificate = await issue("dora", "/CN=dora/OU=operator", "operators");
  const probes = { ready: async () => ({ ready: true }) as const, metrics: async () => "farrier_test 1\n" };
  const loopback = { host: "127.0.0.1", port: 0 };
  clear = await operatorApiListen({
    ...dependencies,
    probes,
    address: loopback,
    proxyNames: ["console.example.net"],
  });
  other = await operatorApiListen({ ...others, probes, address: loopback });
  tls = await operatorApiListen({
    ...dependencies,
    probes,
    address: { host: "0.0.0.0", port: 0 },
    tls: {
      certificatePem: files.serverCertificatePem,
      keyPem: files.serverKeyPem,
      clientCaPem: operators.cert,
    },
  });
});
afterAll(async () => {
  for (const one of [clear, other, tls, dependencies, others, database]) {
    await one[Symbol.asyncDispose]();
  }
  await rm(directory, { recursive: true });
});

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Record<string, unknown>;
}

/** One request, with headers that no fetch would send. */
async function ask(
  listener: OperatorApiListener,
  path: string,
  headers: Record<string, string> = {},
  { method = "POST", body = "{}", shown = {} }: { method?: string; body?: string; shown?: object } = {},
): Promise<Answer> {
  const call = (listener === tls ? httpsRequest : httpRequest)({
    host: "127.0.0.1",
    servername: "localhost",
    port: listener.address.port,
    method,
    path,
    ca,
    ...shown,
    headers: {
      connection: "close",
      "content-type": "application/json",
      ...(method === "POST" ? { "content-length": String(Buffer.byteLength(body)) } : {}),
      ...headers,
    },
  });
  call.on("error", () => undefined);
  call.end(method === "POST" ? body : undefined);
  const [response] = (await once(call, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
  }
  let parsed: Record<string, unknown> = {};
  try {
    parsed = JSON.parse(text) as Record<string, unknown>;
  } catch {
    parsed = { text };
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: parsed };
}

interface Browser {
  cookie: string;
  key: string;
  id: string;
  raw: string;
}

/** The browser that an answer of ConsoleSessionStart signs in. */
function browserOf({ status, headers, body }: Answer): Browser {
  expect([status, body["message"]]).toEqual([200, undefined]);
  const raw = headers["set-cookie"]?.join() ?? "";
  return {
    cookie: raw.split(";")[0] ?? "",
    key: String(body["key"]),
    id: String((body["session"] as Record<string, unknown>)["id"]),
    raw,
  };
}

async function signIn(listener: OperatorApiListener = clear, token = testToken): Promise<Browser> {
  return browserOf(await ask(listener, start, {}, { body: JSON.stringify({ bearerToken: token }) }));
}

const signed = ({ cookie, key }: Browser): Record<string, string> => ({ cookie, "farrier-console-key": key });

async function link(): Promise<string> {
  const { linkCode } = await clients.console.consoleLinkCreate({ requestId: randomUUID() });
  return linkCode;
}

async function tokenMade(name: string, role: Role = Role.VIEWER): Promise<string> {
  return (await clients.access.tokenCreate({ requestId: randomUUID(), name, role })).secret;
}

describe("a link", () => {
  test("signs in once; the second use, and of two at once the second, is refused", async () => {
    const body = JSON.stringify({ linkCode: await link() });
    const answers = await Promise.all([ask(clear, start, {}, { body }), ask(other, start, {}, { body })]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
    const late = await ask(clear, start, {}, { body });
    expect([late.status, late.body["code"]]).toEqual([401, "unauthenticated"]);
    expect(late.body["message"]).toMatch(/used already.*farrier console/u);
    expect(late.headers["set-cookie"]).toBeUndefined();
  });

  test("is good for 60 seconds", async () => {
    const linkCode = await link();
    await dependencies.database.pool.query("UPDATE console_link SET expires_at = now() WHERE used_at IS NULL");
    const late = await ask(other, start, {}, { body: JSON.stringify({ linkCode }) });
    expect(late.status).toBe(401);
  });

  test("leads to a session on any server; the server that made it is told nothing", async () => {
    const browser = browserOf(await ask(other, start, {}, { body: JSON.stringify({ linkCode: await link() }) }));
    for (const listener of [clear, other]) {
      const who = await ask(listener, whoAmI, signed(browser));
      expect(who.body).toMatchObject({ name: "token", role: "ROLE_ADMIN", consoleSessionId: browser.id });
    }
  });

  test("of a token that was revoked since signs nobody in", async () => {
    const token = await tokenMade("leaver");
    const { linkCode } = await testClients(dependencies, token).console.consoleLinkCreate({ requestId: randomUUID() });
    await clients.access.tokenRevoke({ requestId: randomUUID(), token: "leaver" });
    expect((await ask(clear, start, {}, { body: JSON.stringify({ linkCode }) })).status).toBe(401);
  });

  test("is made up to twenty times in a minute by one caller, whatever others do", async () => {
    const [greedy, modest] = [await tokenMade("greedy"), await tokenMade("modest")];
    const make = (token: string) =>
      testClients(dependencies, token).console.consoleLinkCreate({ requestId: randomUUID() });
    for (let index = 0; index < 20; index += 1) {
      await make(greedy);
    }
    await expect(make(greedy)).rejects.toThrow("codes that nobody has used yet (20 for one caller");
    expect((await make(modest)).linkCode).toMatch(/^[\w-]{43}$/u);
  });

  test("is made once for a request id, and not by a browser's session", async () => {
    const requestId = randomUUID();
    expect((await clients.console.consoleLinkCreate({ requestId })).linkCode).toMatch(/^[\w-]{43}$/u);
    expect((await clients.console.consoleLinkCreate({ requestId })).linkCode).toBe("");
    const body = JSON.stringify({ requestId: randomUUID() });
    const refused = await ask(clear, `${service}ConsoleService/ConsoleLinkCreate`, signed(await signIn()), { body });
    expect([refused.status, refused.body["code"]]).toEqual([400, "failed_precondition"]);
  });
});

describe("a session", () => {
  test("has a cookie that scripts and other sites don't get; over TLS it is this host's alone", async () => {
    const plain = await signIn();
    expect(plain.raw).toMatch(/^farrier-[0-9a-f]{12}=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/u);
    const secure = await signIn(tls);
    expect(secure.raw).toMatch(
      /^__Host-farrier-[0-9a-f]{12}=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/u,
    );
    const proxied = await ask(
      clear,
      start,
      { host: "console.example.net", origin: "https://console.example.net", "sec-fetch-site": "same-origin" },
      { body: JSON.stringify({ bearerToken: testToken }) },
    );
    expect(browserOf(proxied).raw).toMatch(/^__Host-farrier-/u);
  });

  test("needs both: a cookie without its key, a key without its cookie, and another's give nothing", async () => {
    for (const listener of [clear, tls]) {
      const one = await signIn(listener);
      const two = await signIn(listener);
      expect((await ask(listener, whoAmI, signed(one))).status).toBe(200);
      expect((await ask(listener, whoAmI, { cookie: one.cookie })).status).toBe(401);
      expect((await ask(listener, whoAmI, { "farrier-console-key": one.key })).status).toBe(401);
      expect((await ask(listener, whoAmI, signed({ ...one, cookie: two.cookie }))).status).toBe(401);
      const value = two.cookie.split("=")[1] ?? "";
      const swapped = `${one.cookie.split("=")[0] ?? ""}=${value}`;
      expect((await ask(listener, whoAmI, signed({ ...one, cookie: swapped }))).status).toBe(401);
      // Two cookies of that name: which one is ours is not to be guessed.
      const twice = `${one.cookie}; ${swapped}`;
      expect((await ask(listener, whoAmI, signed({ ...one, cookie: twice }))).status).toBe(401);
      const many = `a=b; ${two.cookie}; ${one.cookie}; c="d"`;
      expect((await ask(listener, whoAmI, signed({ ...one, cookie: many }))).status).toBe(200);
    }
  });

  test("neither its cookie nor its key is in the database", async () => {
    const code = await link();
    const { cookie, key } = await signIn();
    const { rows } = await dependencies.database.pool.query<{ text: string }>(
      `SELECT s::text AS text FROM console_session s UNION ALL SELECT l::text FROM console_link l
       UNION ALL SELECT a::text FROM operator_audit a`,
    );
    const secrets = [code, key, cookie.split("=")[1] ?? ""].flatMap((secret) => [
      secret,
      Buffer.from(secret).toString("hex"),
      Buffer.from(secret, "base64url").toString("hex"),
    ]);
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.filter(({ text }) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
  });

  const wrong: [string, Record<string, string>, { method?: string }, number][] = [
    ["by GET", {}, { method: "GET" }, 403],
    ["with a form's content type", { "content-type": "application/x-www-form-urlencoded" }, {}, 403],
    ["with text", { "content-type": "text/plain" }, {}, 403],
    ["as gRPC-Web", { "content-type": "application/grpc-web" }, {}, 200],
    ["from another port's page", { origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" }, {}, 403],
    ["from another port, said by the browser alone", { "sec-fetch-site": "same-site" }, {}, 403],
    ["from another site", { "sec-fetch-site": "cross-site" }, {}, 403],
    ["by hand, in the address bar", { "sec-fetch-site": "none" }, {}, 403],
    ["to a rebound name", { host: "evil.example" }, {}, 421],
    ["to a rebound name, from its page", { host: "evil.example", origin: "http://evil.example" }, {}, 421],
  ];
  test.each(wrong)("takes no call %s", async (_how, headers, options, status) => {
    const browser = await signIn();
    const answer = await ask(clear, whoAmI, { ...signed(browser), ...headers }, options);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).not.toContain("ROLE_ADMIN");
    expect(JSON.stringify(answer.headers)).not.toContain("access-control");
    // The same by a bearer's caller, who is no browser: only what is foreign is refused.
    if (headers["sec-fetch-site"] === "none") {
      const bearer = { authorization: `Bearer ${testToken}`, cookie: browser.cookie };
      expect((await ask(clear, whoAmI, { ...bearer, ...headers }, options)).status).toBe(200);
    }
  });

  test("takes the console's own calls", async () => {
    const browser = await signIn();
    const host = `127.0.0.1:${clear.address.port}`;
    const own = { ...signed(browser), host, origin: `http://${host}`, "sec-fetch-site": "same-origin" };
    expect((await ask(clear, whoAmI, own)).status).toBe(200);
    const tunnel = { ...own, host: "localhost:9000", origin: "http://localhost:9000" };
    expect((await ask(clear, whoAmI, tunnel)).status).toBe(200);
  });

  test("no page of another origin is ever told that it may call", async () => {
    for (const listener of [clear, tls]) {
      const origin = `${listener === tls ? "https" : "http"}://127.0.0.1:1`;
      for (const path of [start, whoAmI, "/console/", "/metrics", "/healthz"]) {
        for (const method of ["OPTIONS", "POST", "GET"]) {
          const { headers } = await ask(
            listener,
            path,
            { origin, "access-control-request-method": "POST" },
            { method },
          );
          expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
        }
      }
    }
  });

  test("has its token's role, and ends with it, on every server within two seconds", async () => {
    const token = await tokenMade("erin");
    const browser = await signIn(other, token);
    expect((await ask(other, whoAmI, signed(browser))).body).toMatchObject({ name: "erin", role: "ROLE_VIEWER" });
    const { pool } = dependencies.database;
    await pool.query("ALTER TABLE operator_token DISABLE TRIGGER operator_token_guard");
    await pool.query("UPDATE operator_token SET role = 'operator' WHERE token_name = 'erin'");
    await pool.query("ALTER TABLE operator_token ENABLE TRIGGER operator_token_guard");
    await waitFor("the new role", async () => {
      const { body } = await ask(other, whoAmI, signed(browser));
      return body["role"] === "ROLE_OPERATOR";
    });
    await clients.access.tokenRevoke({ requestId: randomUUID(), token: "erin" });
    expect((await ask(clear, whoAmI, signed(browser))).status).toBe(401);
    await waitFor("the session's end", async () => (await ask(other, whoAmI, signed(browser))).status === 401);
  });

  test("ends an hour after it was last used, after twelve, and when it is ended", async () => {
    const { pool } = dependencies.database;
    const ends = ["last_used_at = now() - interval '61 minutes'", "expires_at = now()"];
    for (const change of ends) {
      const browser = await signIn();
      await pool.query(`UPDATE console_session SET ${change} WHERE console_session_id = $1`, [browser.id]);
      dependencies.authenticator.tokensChanged();
      expect((await ask(clear, whoAmI, signed(browser))).status).toBe(401);
    }
    const browser = await signIn();
    const { rows } = await pool.query<{ hours: number }>(
      `SELECT extract(epoch FROM expires_at - started_at)::float8 / 3600 AS hours FROM console_session
       WHERE console_session_id = $1`,
      [browser.id],
    );
    expect(rows[0]?.hours).toBe(12);
    const ended = await ask(clear, end, signed(browser), { body: JSON.stringify({ requestId: randomUUID() }) });
    expect(ended.status).toBe(200);
    expect(ended.headers["set-cookie"]?.join()).toMatch(/^farrier-[0-9a-f]{12}=; Path=\/; Max-Age=0; /u);
    expect((await ask(clear, whoAmI, signed(browser))).status).toBe(401);
  });

  test("of the data directory's token ends when that token is replaced, and so do its links; others stay", async () => {
    const local = await signIn();
    const staying = await signIn(clear, await tokenMade("stays"));
    const linkCode = await link();
    await consoleSessionsLocalEnd(dependencies.database);
    dependencies.authenticator.tokensChanged();
    expect((await ask(clear, whoAmI, signed(local))).status).toBe(401);
    expect((await ask(clear, whoAmI, signed(staying))).status).toBe(200);
    expect((await ask(clear, start, {}, { body: JSON.stringify({ linkCode }) })).status).toBe(401);
  });

  test("a use keeps it for another hour", async () => {
    const { pool } = dependencies.database;
    const browser = await signIn();
    await pool.query(
      "UPDATE console_session SET last_used_at = now() - interval '59 minutes' WHERE console_session_id = $1",
      [browser.id],
    );
    await ask(clear, whoAmI, signed(browser));
    await waitFor("the use to be noted", async () => {
      const { rows } = await pool.query<{ recent: boolean }>(
        "SELECT last_used_at > now() - interval '1 minute' AS recent FROM console_session WHERE console_session_id = $1",
        [browser.id],
      );
      return rows[0]?.recent;
    });
  });

  test("of one token there are twenty; one more ends the session that was unused the longest", async () => {
    const token = await tokenMade("many");
    const first = await signIn(clear, token);
    for (let count = 0; count < 19; count += 1) {
      await signIn(clear, token);
    }
    const second = await signIn(clear, token);
    expect((await ask(clear, whoAmI, signed(first))).status).toBe(401);
    expect((await ask(clear, whoAmI, signed(second))).status).toBe(200);
  });
});

describe("who may see and end sessions:", () => {
  const ids = ({ body }: Answer): unknown[] => ((body["sessions"] ?? []) as { id: string }[]).map(({ id }) => id);

  test("their own everybody, others' an admin", async () => {
    const frank = await tokenMade("frank", Role.OPERATOR);
    const grace = await tokenMade("grace", Role.OPERATOR);
    const [first, second, foreign] = [
      await signIn(clear, frank),
      await signIn(clear, frank),
      await signIn(clear, grace),
    ] as const;
    expect(ids(await ask(clear, list, signed(first)))).toEqual([second.id, first.id]);
    const admin = await signIn();
    expect(ids(await ask(clear, list, signed(admin), { body: '{"pageSize":1000}' }))).toEqual(
      expect.arrayContaining([first.id, second.id, foreign.id, admin.id]),
    );
    const endOf = (session: string): { body: string } => ({
      body: JSON.stringify({ requestId: randomUUID(), session }),
    });
    const refused = await ask(clear, end, signed(first), endOf(foreign.id));
    expect([refused.status, refused.body["code"]]).toEqual([404, "not_found"]);
    expect((await ask(clear, end, signed(first), endOf(second.id))).status).toBe(200);
    expect((await ask(clear, whoAmI, signed(second))).status).toBe(401);
    expect((await ask(clear, end, signed(admin), endOf(foreign.id))).status).toBe(200);
    expect((await ask(clear, whoAmI, signed(foreign))).status).toBe(401);
    const again = await ask(clear, end, signed(admin), endOf(foreign.id));
    expect(again.body["message"]).toMatch(/ended at .* already/u);
  });

  test("links, starts and ends are in the audit, and what was done in a session names it", async () => {
    const token = await tokenMade("heidi", Role.OPERATOR);
    const { linkCode } = await testClients(dependencies, token).console.consoleLinkCreate({ requestId: randomUUID() });
    const browser = browserOf(await ask(clear, start, {}, { body: JSON.stringify({ linkCode }) }));
    const body = JSON.stringify({ requestId: randomUUID(), provider: "static", providerId: "heidis" });
    await ask(clear, `${service}MachineService/MachineAdd`, signed(browser), { body });
    await ask(clear, end, signed(browser), { body: JSON.stringify({ requestId: randomUUID() }) });
    const { entries } = await clients.access.auditList({ actor: "heidi" });
    expect(entries.map(({ method, consoleSessionId }) => [method.split("/")[1], consoleSessionId])).toEqual([
      ["ConsoleSessionEnd", browser.id],
      ["MachineAdd", browser.id],
      ["ConsoleSessionStart", browser.id],
      ["ConsoleLinkCreate", ""],
    ]);
  });
});

describe("strangers at ConsoleSessionStart", () => {
  test("get nothing without a code or a token that is valid, and are limited", async () => {
    const body = JSON.stringify({ bearerToken: `frr_${"x".repeat(43)}` });
    const statuses: number[] = [];
    for (let count = 0; count < 40; count += 1) {
      statuses.push((await ask(other, start, {}, { body })).status);
    }
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    // Who has a valid one gets in all the same, from the same address.
    await signIn(other);
    browserOf(await ask(other, start, {}, { body: JSON.stringify({ linkCode: await link() }) }));
  });

  test.each<[string, Record<string, string>, string, number]>([
    ["a long message", {}, JSON.stringify({ linkCode: "x".repeat(5_000) }), 413],
    ["a long code", {}, JSON.stringify({ linkCode: "x".repeat(300) }), 400],
    ["both", {}, JSON.stringify({ linkCode: "x", bearerToken: "y" }), 400],
    ["neither", {}, "{}", 401],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }, "code=x", 415],
    ["another port's page", { "sec-fetch-site": "same-site", origin: "http://localhost:1" }, "{}", 403],
    ["a rebound name", { host: "evil.example" }, "{}", 421],
  ])("%s is refused", async (_what, headers, body, status) => {
    expect((await ask(clear, start, headers, { body })).status).toBe(status);
  });
});

describe("a client certificate that a browser sends by itself", () => {
  const own = () => ({ origin: `https://127.0.0.1:${tls.address.port}`, "sec-fetch-site": "same-origin" });
  const by = async (headers: Record<string, string>, method = "POST", path = whoAmI): Promise<Answer> =>
    ask(tls, path, { host: `127.0.0.1:${tls.address.port}`, ...headers }, { method, shown: certificate });

  test("is held to the same rule; clients that are no browsers notice nothing", async () => {
    expect((await by({})).body).toMatchObject({ name: "dora", credential: "CREDENTIAL_CERTIFICATE" });
    expect((await by({}, "GET", "/metrics")).body).toMatchObject({ text: "farrier_test 1\n" });
    expect((await by({ ...own(), "farrier-console-key": "certificate" })).body).toMatchObject({ name: "dora" });
    expect((await by(own())).status).toBe(403);
    expect((await by({ "sec-fetch-site": "none" }, "GET", "/metrics")).status).toBe(403);
    expect((await by({ cookie: "theme=dark" })).status).toBe(403);
    expect((await by({ ...own(), "farrier-console-key": "certificate", "content-type": "text/plain" })).status).toBe(
      403,
    );
    expect((await by({ ...own(), "farrier-console-key": "x".repeat(43) })).status).toBe(401);
  });

  test("without one, the word alone lets nobody in", async () => {
    const answer = await ask(tls, whoAmI, {
      ...own(),
      host: `127.0.0.1:${tls.address.port}`,
      "farrier-console-key": "certificate",
    });
    expect(answer.status).toBe(401);
  });
});
