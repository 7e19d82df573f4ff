import { readdir, readFile } from "node:fs/promises";
import type { DescMethod, DescMethodServerStreaming, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import { authorizationRules, methodName, operatorServices } from "./authorization.ts";
import { unauthenticatedMessage } from "./identity.ts";
import { audited, mutates } from "../interceptors/audit.ts";
import { nowhere, testDependencies, testToken, testTransport } from "../testing/operator-api.ts";

const dependencies = testDependencies(nowhere);
afterAll(() => dependencies[Symbol.asyncDispose]());

const methods = operatorServices.flatMap((service: DescService) => service.methods);

/** Every RPC that the contract's text has, by its full name. */
async function contractMethods(): Promise<string[]> {
  const directory = new URL("../../../proto/farrier/operator/v1/", import.meta.url);
  const texts = await Promise.all((await readdir(directory)).map((file) => readFile(new URL(file, directory), "utf8")));
  return texts.flatMap((text) =>
    [...text.matchAll(/^service (?<service>\w+) \{(?<body>[^}]*)^\}/gmu)].flatMap((match) =>
      [...(match.groups?.["body"] ?? "").matchAll(/^ *rpc (?<name>\w+)\(/gmu)].map(
        (rpc) => `farrier.operator.v1.${match.groups?.["service"]}/${rpc.groups?.["name"]}`,
      ),
    ),
  );
}

test("every RPC of the contract is served, and has a rule", async () => {
  const names = await contractMethods();
  expect(names.length).toBeGreaterThan(0);
  expect(
    methods.map((method) => methodName(method)).toSorted(),
    "run `npm run generate`; add a new service to operatorServices in caller/authorization.ts and to routes.ts",
  ).toEqual(names.toSorted());
  expect(
    Object.keys(authorizationRules).toSorted(),
    "authorizationRules in caller/authorization.ts has each RPC of proto/farrier/operator/v1 with its least role, and no others",
  ).toEqual(names.toSorted());
});

/** Verbs of calls that only look. */
const reads = /(?:List|Count|Groups|Show|History|Log|Diff|Summary|Explain|Watch|Follow|WhoAmI|Plan|Render)$/u;

/** Calls with which everybody manages the browsers in which they themselves are signed in. */
const ofOneself = /^Console(?:LinkCreate|SessionEnd)$/u;

/** A call without a command's request id, although it changes something: a stranger's, whose code serves once. */
const ofStrangers = "ConsoleSessionStart";

/** A call without a command's request id that changes nothing here, but calls others: each time it is made. */
const callsOthers = "WebhookTest";

test("a call that calls others is for admins, and always in the audit", () => {
  const method = methods.find(({ name }) => name === callsOthers);
  expect(method && [authorizationRules[methodName(method)], audited(method), mutates(method)]).toEqual([
    "admin",
    true,
    false,
  ]);
});

const others = [ofStrangers, callsOthers];
test.each(methods.filter(({ name }) => !others.includes(name)).map((method) => [method.name, method] as const))(
  "%s takes the caller's request id if and only if it changes something",
  (name, method) => {
    expect(
      mutates(method),
      reads.test(name)
        ? "its name is a read-only call's: take `request_id` out of its request, or give it another verb"
        : "a call that changes something has `string request_id` in its request; end the name of a call that only " +
            `looks in one of the verbs ${String(reads)}, or add its verb to them`,
    ).toBe(!reads.test(name));
    expect(
      mutates(method) && !ofOneself.test(name) ? authorizationRules[methodName(method)] : "operator",
      "a call that changes something for others is never for viewers: its least role is operator or admin",
    ).not.toBe("viewer");
  },
);

/** Calls a method with nothing; of a stream, waits for its first message. */
async function callOnce(transport: Transport, method: DescMethod): Promise<unknown> {
  if (method.methodKind === "unary") {
    return transport.unary(method as DescMethodUnary, undefined, undefined, undefined, {});
  }
  const { message } = await transport.stream(
    method as DescMethodServerStreaming,
    undefined,
    undefined,
    undefined,
    (async function* () {
      yield {};
    })(),
  );
  return message[Symbol.asyncIterator]().next();
}

const strangers: [string, string | undefined][] = [
  ["no token", undefined],
  ["an empty token", "Bearer "],
  ["another token", `Bearer frr_${"u".repeat(43)}`],
  ["the token and more", `Bearer ${testToken}x`],
  ["the token twice", `Bearer ${testToken}, Bearer ${testToken}`],
  ["another scheme", `Basic ${testToken}`],
  ["the token alone", testToken],
];

describe.each(methods.map((method) => [methodName(method), method] as const))("%s", (_name, method) => {
  test.each(strangers)("is refused to a caller with %s", async (_who, authorization) => {
    const before = dependencies.refused();
    const transport = testTransport(dependencies, authorization);
    const call = callOnce(transport, method);
    const error = await call.then(
      () => undefined,
      (reason: unknown) => ConnectError.from(reason),
    );
    expect([error?.code, error?.rawMessage]).toEqual([Code.Unauthenticated, unauthenticatedMessage]);
    expect(dependencies.refused()).toBe(before + 1);
  });

  test("is open to the token: its fields are looked at, or its database is asked", async () => {
    const transport = testTransport(dependencies, `bearer ${testToken}`);
    const call = callOnce(transport, method);
    const code = await call.then(
      () => "ok" as const,
      (reason: unknown) => ConnectError.from(reason).code,
    );
    // WhoAmI has no fields and asks no database.
    expect(
      method.name === "WhoAmI" ? ["ok"] : [Code.InvalidArgument, Code.Unavailable],
      `the code was ${code === "ok" ? code : Code[code]}: write a handler in src/operator-api/handlers that validates ` +
        "the request and asks the database; Unimplemented: it is not in its service's handlers",
    ).toContain(code);
  });
});
