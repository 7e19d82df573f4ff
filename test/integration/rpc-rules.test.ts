// Rules for every RPC of the operator API, also for new ones: bad input is refused with the field's name, and nothing is
// half-done. 10 MB and wrong types: api-docs.test.ts. Roles and the audit: src/operator-api/handlers/access.test.ts.
import { randomUUID } from "node:crypto";
import type { DescMethod, DescMethodServerStreaming, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isUuid } from "../../src/lib/format/uuid.ts";
import { methodName, operatorServices } from "../../src/operator-api/caller/authorization.ts";
import { mutates } from "../../src/operator-api/interceptors/audit.ts";
import { operatorApiListen, type OperatorApiListener } from "../../src/operator-api/listener/listener.ts";
import {
  testDependencies,
  testToken,
  testTransport,
  type TestDependencies,
} from "../../src/operator-api/testing/operator-api.ts";
import { exampleBody } from "../../tools/api-docs.ts";
import { apiExamples, type ApiExample } from "../../tools/api-examples.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { exampleNeeds } from "../support/example-needs.ts";

let database: TestDatabase;
let dependencies: TestDependencies;
let listener: OperatorApiListener;
beforeAll(async () => {
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  const probes = { ready: async () => ({ ready: true }) as const, metrics: async () => "" };
  listener = await operatorApiListen({ ...dependencies, address: { host: "127.0.0.1", port: 0 }, probes });
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const services: readonly DescService[] = operatorServices;
const methods = new Map(
  services.flatMap((service) => service.methods).map((method) => [methodName(method), method] as const),
);

/** RPCs that may be called with nothing at all: those that list, sum up or tell who calls. */
const takesNothing =
  /\/(?:WhoAmI|TokenList|AuditList|MachineList|MachineCount|MachineWatch|InstallationList|FleetSummary|SessionList|WorkList|BackoffList|EnrollmentList|CredentialList|ControllerList|ProviderList|ConsoleSessionList|ImageList|ProfileList|WebhookList|EventFollow|RolloutList|PolicyShow|SecretsShow)$/u;

/** Fields that name something which must be there, and what is never there. */
const references: Readonly<Record<string, readonly string[]>> = {
  machine: [randomUUID(), "nobody"],
  token: [randomUUID(), "nobody"],
};

/** Lists about machines that are gone: a machine's own traces outlive it, and are found by its UUID. */
const outlives = /\/AuditList$/u;

/** Fields that say where a list goes on. */
const cursors: ReadonlySet<string> = new Set(["page_token", "cursor"]);

/** Of each command another body, as fields that take the place of its example's: its request id must not serve for both. */
const otherBodies: Readonly<Record<string, Record<string, unknown>>> = {
  TokenCreate: { role: "ROLE_VIEWER" },
  TokenRevoke: { token: "bob" },
  MachineAdd: { labels: { rack: "8" } },
  AgentRegister: { publicKey: "22qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" },
  MachineUpdate: { removeLabels: [] },
  MachineQuarantine: { reason: "smells of roses" },
  ControllerCheck: { media: true },
  InstallationRequest: { retry: { attempts: 2 } },
  InstallationCancel: { reason: "another image" },
  InstallationRetry: { retry: { attempts: 2 } },
  BootWindowOpen: { seconds: 60 },
  ProviderCheck: { provider: "static" },
  ProviderAccept: { provider: "static" },
  EnrollmentApprove: { replace: false },
  EnrollmentReject: { key: "c3c3c3c3c3c3c3c3" },
  CredentialCreate: { secret: "Y2FsdmluLTk=" },
  CredentialRotate: { secret: "Y2FsdmluLTk=" },
  ControllerAdd: { url: "https://10.1.7.22" },
  ControllerPassword: { password: "Y2FsdmluLTk=" },
  SecretsGiveUp: { confirmed: true },
  MachinePower: { command: "POWER_COMMAND_ON" },
  MachineBoot: { once: false },
  MachineIdentify: { on: false },
  MachineStartAgent: { bootBy: "auto" },
  CredentialDelete: { name: "rack8" },
  ConsoleSessionEnd: { session: "3b1f0c7e-58d2-4f6a-8e19-2a7c4d9b6e06" },
  ImageAdd: { digest: "" },
  ImageTag: { tag: "testing" },
  PolicySet: { sources: ["images.example.net"] },
  PolicyDelete: { name: "our-mirror2" },
  ProfileApply: { name: "web2" },
  ProfileDelete: { name: "web2" },
  RolloutCreate: { parallel: 21 },
  RolloutReplan: { rollout: "web-other" },
  RolloutStart: { rollout: "web-other" },
  RolloutPause: { rollout: "web-other" },
  RolloutResume: { rollout: "web-other" },
  RolloutRetryFailed: { rollout: "web-other" },
  RolloutCancel: { rollout: "web-other" },
  RolloutDelete: { rollout: "web-other" },
  ImageDelete: { image: "debian-13@2" },
  WebhookAdd: { events: ["machine_added"] },
  WebhookRedeliver: { eventIds: ["4712"] },
  WebhookDelete: { name: "tickets2" },
  BackoffClear: { process: "ShepherdRecovery" },
};

/** Server-streaming RPCs for which src/operator-api/listener/listener-watch.test.ts tries a reader that stops reading. */
const slowReaders: readonly string[] = [
  "farrier.operator.v1.MachineService/MachineWatch",
  "farrier.operator.v1.EventService/EventFollow",
];

interface Answered {
  status: number;
  code: string;
  message: string;
  body: unknown;
}

/** The first answer to a call. */
async function call(example: Pick<ApiExample, "method" | "request">): Promise<Answered> {
  const stream = methods.get(example.method)?.methodKind === "server_streaming";
  const { type, body } = exampleBody(example, stream);
  const stop = new AbortController();
  const response = await fetch(`${listener.url}/${example.method}`, {
    method: "POST",
    headers: { authorization: `Bearer ${testToken}`, "content-type": type },
    body: new Uint8Array(body),
    signal: stop.signal,
  });
  if (!stream || response.headers.get("content-type") === "application/json") {
    const answer = (await response.json()) as { code?: string; message?: string };
    return {
      status: response.status,
      code: answer.code ?? "ok",
      message: answer.message ?? "",
      body: answer,
    };
  }
  // Connect's envelope: flags, of which 2 marks the end, and the length in four bytes.
  const first = Buffer.from((await response.body?.getReader().read())?.value ?? []);
  stop.abort();
  const answer = JSON.parse(first.subarray(5).toString("utf8")) as Record<string, { code?: string; message?: string }>;
  const error = first[0] === 2 ? answer["error"] : undefined;
  return { status: response.status, code: error?.code ?? "ok", message: error?.message ?? "", body: answer };
}

/** Calls a method with nothing; of a stream, waits for its first message. */
async function callOnce(transport: Transport, method: DescMethod): Promise<unknown> {
  if (method.methodKind === "unary") {
    return transport.unary(method as DescMethodUnary, undefined, undefined, undefined, {});
  }
  async function* nothing(): AsyncGenerator<Record<string, unknown>> {
    yield {};
  }
  const streaming = method as DescMethodServerStreaming;
  const { message } = await transport.stream(streaming, undefined, undefined, undefined, nothing());
  return message[Symbol.asyncIterator]().next();
}

/** All that commands change, in numbers. */
async function changes(): Promise<unknown> {
  const { rows } = await dependencies.database.pool.query(
    `SELECT (SELECT count(*) FROM history) AS history, (SELECT count(*) FROM machines) AS machines,
       (SELECT count(*) FROM operator_token) AS tokens, (SELECT count(*) FROM operator_token WHERE revoked_at IS NULL) AS live`,
  );
  return rows[0];
}

/** A command's example under a new request id, which no call has used yet. */
function afresh({ request }: ApiExample): Record<string, unknown> {
  return "requestId" in request ? { ...request, requestId: randomUUID() } : request;
}

test("there is an example of every RPC, and no more is expected of any than there is", () => {
  expect(
    apiExamples.map(({ method }) => method).toSorted(),
    "an RPC has no example, or two: add it to apiExamples in tools/api-examples.ts, where it works, and run `npm run generate`",
  ).toEqual([...methods.keys()].toSorted());
  const named = [...methods.values()].map(({ name }) => name);
  expect(Object.keys(otherBodies).filter((name) => !named.includes(name))).toEqual([]);
});

test("every stream was tried with a reader that stops reading", () => {
  const streams = [...methods].filter(([, { methodKind }]) => methodKind !== "unary").map(([name]) => name);
  expect(
    streams,
    "a stream must drop who stops reading: try it in src/operator-api/listener/listener-watch.test.ts, then name it in slowReaders here",
  ).toEqual(slowReaders);
});

describe("an expired token is refused by", () => {
  const expired = `frr_${"e".repeat(43)}`;
  beforeAll(async () => {
    // Past its end since before this server began: no server ever knew it as valid.
    await dependencies.database.pool.query(
      `INSERT INTO operator_token
         (token_id, token_name, token_hash, token_prefix, role, created_by, created_at, expires_at, created_request_id, created_body_digest)
       VALUES (gen_random_uuid(), 'expired', sha256($1::bytea), 'frr_eeeeee', 'admin', 'token', now() - interval '2 h',
         now() - interval '1 h', gen_random_uuid(), sha256(''))`,
      [Buffer.from(expired)],
    );
  });
  test.each([...methods])("%s", async (_name, method) => {
    // In memory: over the network, one address may not fail this often.
    const transport = testTransport(dependencies, `Bearer ${expired}`);
    const error = await callOnce(transport, method).catch((reason: unknown) => ConnectError.from(reason));
    expect(error).toMatchObject({ code: Code.Unauthenticated });
  });
});

describe("of every RPC, in the examples' order: bad input is refused and does nothing; its request id serves once:", () => {
  test.each(apiExamples.map((example) => [example.method.split("/")[1] ?? "", example] as const))(
    "%s",
    async (name, example) => {
      if (example.needs !== undefined) {
        await exampleNeeds[example.needs](dependencies.database);
      }
      const method = methods.get(example.method);
      expect(method).toBeDefined();
      if (method === undefined) {
        return;
      }
      const before = await changes();
      await refusesNothing(example);
      await refusesUnknown(example, method);
      await refusesForeignCursors(example, method);
      expect(await changes()).toEqual(before);
      const first = await call(example);
      expect([name, first.code, first.message]).toEqual([name, "ok", ""]);
      if (mutates(method)) {
        await servesOnce(name, example, method, first.body);
      }
    },
  );
});

async function refusesNothing({ method }: ApiExample): Promise<void> {
  const { code, message } = await call({ method, request: {} });
  if (takesNothing.test(method)) {
    expect(code).toBe("ok");
    return;
  }
  expect(
    [code, message],
    `${method} took an empty request: check its fields with zod, or add it to takesNothing in this file if that is right`,
  ).toEqual(["invalid_argument", expect.stringMatching(/^[a-z_]+(?:\.[a-z_]+)*: /u)]);
}

async function refusesUnknown(example: ApiExample, method: DescMethod): Promise<void> {
  for (const { name, localName } of method.input.fields) {
    const known = outlives.test(example.method) ? isUuid : () => false;
    for (const unknown of (references[name] ?? []).filter((one) => !known(one))) {
      const answer = await call({ method: example.method, request: { ...afresh(example), [localName]: unknown } });
      expect([name, unknown, answer.code, answer.message]).toEqual([
        name,
        unknown,
        "not_found",
        expect.stringContaining(unknown),
      ]);
    }
  }
}

async function refusesForeignCursors(example: ApiExample, method: DescMethod): Promise<void> {
  const foreign = [
    "x",
    "-1",
    "\u0000",
    "x".repeat(2_000),
    Buffer.from("[]").toString("base64url"),
    Buffer.from('["AAAAAAAA","1"]').toString("base64url"),
    randomUUID(),
  ];
  // Beside a cursor a switch may be out of place.
  const request = Object.fromEntries(Object.entries(example.request).filter(([, value]) => typeof value !== "boolean"));
  for (const { name, localName } of method.input.fields.filter((field) => cursors.has(field.name))) {
    for (const token of foreign) {
      const answer = await call({ method: example.method, request: { ...request, [localName]: token } });
      expect([token, answer.code, answer.message]).toEqual([
        token,
        "invalid_argument",
        expect.stringMatching(new RegExp(`^${name}: `, "u")),
      ]);
    }
  }
}

/** A repeated call changes nothing; the same request id with another body, or for another command, is refused. */
async function servesOnce(name: string, example: ApiExample, method: DescMethod, first: unknown): Promise<void> {
  // A machine that is gone is found by its id alone.
  const { machineId } = first as { machineId?: string };
  const request = { ...example.request, ...(machineId === undefined ? {} : { machine: machineId }) };
  const after = await changes();
  // What names the command, and the standing of things at which it may be carried out, is no part of its body.
  const body = method.input.fields.filter(
    (field) => !["request_id", "machine", "replace_generation"].includes(field.name),
  );
  const again = await call({ method: example.method, request });
  expect([name, again.code, again.message]).toEqual([name, "ok", ""]);
  if (body.length > 0) {
    expect(otherBodies[name], `add another body of ${name} to otherBodies in this file`).toBeDefined();
    const other = await call({ method: example.method, request: { ...request, ...otherBodies[name] } });
    expect([other.code, other.message]).toEqual([
      "failed_precondition",
      expect.stringContaining("was used for another command"),
    ]);
  }
  expect(await changes()).toEqual(after);
}
