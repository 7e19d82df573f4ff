import { readFile } from "node:fs/promises";
import type { DescService } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { methodName, operatorServices } from "../../src/operator-api/caller/authorization.ts";
import { operatorApiListen, type OperatorApiListener } from "../../src/operator-api/listener/listener.ts";
import { testDependencies, testToken, type TestDependencies } from "../../src/operator-api/testing/operator-api.ts";
import { apiDocs, exampleBody } from "../../tools/api-docs.ts";
import { apiExamples } from "../../tools/api-examples.ts";
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
const streams = new Set(
  services
    .flatMap((service) => service.methods)
    .filter(({ methodKind }) => methodKind === "server_streaming")
    .map((method) => methodName(method)),
);

async function call(method: string, type: string, body: Buffer, signal?: AbortSignal): Promise<Response> {
  return fetch(`${listener.url}/${method}`, {
    method: "POST",
    headers: { authorization: `Bearer ${testToken}`, "content-type": type },
    body: new Uint8Array(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

describe("every example of docs/api.md works, in this order:", () => {
  test.each(apiExamples.map((example) => [example.method.split("/")[1] ?? "", example] as const))(
    "%s",
    async (_name, example) => {
      if (example.needs !== undefined) {
        await exampleNeeds[example.needs](dependencies.database);
      }
      const stream = streams.has(example.method);
      const { type, body } = exampleBody(example, stream);
      if (!stream) {
        const response = await call(example.method, type, body);
        const answer = (await response.json()) as Record<string, unknown>;
        expect([response.status, answer["message"]]).toEqual([200, undefined]);
        return;
      }
      const stop = new AbortController();
      const response = await call(example.method, type, body, stop.signal);
      expect(response.status).toBe(200);
      const reader = response.body?.getReader();
      let text = "";
      while (!text.includes("web1")) {
        const next = await reader?.read();
        expect([text, next?.done]).toEqual([text, false]);
        text += Buffer.from(next?.value ?? []).toString("latin1");
      }
      stop.abort();
    },
  );
});

test("docs/api.md is current, and has every RPC", async () => {
  const text = await apiDocs();
  expect(await readFile(new URL("../../docs/api.md", import.meta.url), "utf8")).toBe(text);
  for (const { name } of services.flatMap((service) => service.methods)) {
    expect(text).toContain(`### ${name}\n`);
  }
  expect(text).not.toContain("undefined");
});

describe("10 MB to every RPC is refused before it is kept:", () => {
  const methods = services.flatMap((service) => service.methods).map((method) => methodName(method));
  test.each(methods)("%s", async (method) => {
    const response = await call(method, "application/json", Buffer.from(`{"machine":"${"x".repeat(10_000_000)}"}`));
    // A stream takes another content type.
    expect(response.status).toBe(streams.has(method) ? 415 : 400);
  });
});

describe("wrong types to every RPC name the field, or say that it is unknown:", () => {
  const unary = services.flatMap((service) => service.methods).filter(({ methodKind }) => methodKind === "unary");
  test.each(unary.map((method) => [methodName(method), method] as const))("%s", async (name, method) => {
    for (const field of method.input.fields) {
      const response = await call(name, "application/json", Buffer.from(JSON.stringify({ [field.name]: [[{}]] })));
      const answer = (await response.json()) as { code: string; message: string };
      expect([field.name, response.status, answer.code]).toEqual([field.name, 400, "invalid_argument"]);
      // Of an enum or a message the library says which.
      expect(answer.message).toMatch(
        new RegExp(`${field.name}|cannot decode (?:enum|message) (?:farrier|google\\.protobuf)`, "u"),
      );
    }
    const unknown = await call(name, "application/json", Buffer.from('{"nonesuch":1}'));
    expect([unknown.status, ((await unknown.json()) as { message: string }).message]).toEqual([
      400,
      expect.stringContaining("nonesuch"),
    ]);
    // The library says "internal" of bytes that are no message; that they are refused is what matters here.
    const broken = await call(name, "application/proto", Buffer.from([0x0a, 0xff]));
    expect([400, 500]).toContain(broken.status);
  });
});
