// `farrier webhook add` against the real operator API: a URL with a secret in it comes from a file.
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../../src/cli/app.ts";
import type { Starters } from "../../src/cli/starters.ts";
import { operatorApiListen, type OperatorApiListener } from "../../src/operator-api/listener/listener.ts";
import {
  testClients,
  testDependencies,
  testToken,
  type TestDependencies,
} from "../../src/operator-api/testing/operator-api.ts";
import { testReceiver, type TestReceiver } from "../../src/events/testing/webhook-receiver-server.ts";
import { testFleet, type Fleet } from "../support/fleet.ts";

let directory: string;
let fleet: Fleet;
let dependencies: TestDependencies;
let listener: OperatorApiListener;
let receiver: TestReceiver;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-webhook-add-"));
  fleet = await testFleet();
  dependencies = testDependencies(fleet.test.connection);
  const probes = { ready: async () => ({ ready: true }) as const, metrics: async () => "" };
  listener = await operatorApiListen({ ...dependencies, address: { host: "127.0.0.1", port: 0 }, probes });
  receiver = await testReceiver();
  await mkdir(join(directory, "data"));
  await writeFile(join(directory, "data", "operator-token"), `${testToken}\n`, { mode: 0o600 });
  await writeFile(join(directory, "data", "operator-address"), `${listener.url}\n`);
  await writeFile(join(directory, "ca.pem"), receiver.certificates);
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await listener[Symbol.asyncDispose]();
  await dependencies[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function webhookAdd(...words: string[]): Promise<{ status: number; said: string }> {
  let said = "";
  const status = await runCli(["webhook", "add", ...words, "--ca", join(directory, "ca.pem")], {
    starters: {} as Starters,
    stdout: { write: (text) => void (said += text) },
    stderr: { write: (text) => void (said += text) },
    env: { FARRIER_DATA_DIR: join(directory, "data") },
  });
  return { status, said };
}

test("--url-file: the URL of the file is called, and what is secret in it is shown nowhere", async () => {
  const file = join(directory, "url");
  await writeFile(file, `${receiver.url}\n`, { mode: 0o600 });
  const { status, said } = await webhookAdd("--url-file", file, "--name", "chat");
  expect([status, said]).toEqual([0, expect.stringMatching(/^chat added; the key .*\nwhsec_/u)]);
  const { webhooks } = testClients(dependencies);
  expect((await webhooks.webhookShow({ name: "chat" })).webhook?.url).toBe(`https://127.0.0.1:${receiver.port}/…`);
  expect(await webhooks.webhookTest({ name: "chat" })).toMatchObject({ delivered: true });
});

test("the URL is expected once, as an argument or in a file; what a file holds is not quoted", async () => {
  const file = join(directory, "bad");
  await writeFile(file, `hunter2 ${randomUUID()}`, { mode: 0o600 });
  for (const words of [[], ["https://tickets.example.org/", "--url-file", file]]) {
    expect(await webhookAdd(...words)).toEqual({ status: 2, said: expect.stringContaining("URL: expected it once") });
  }
  const { status, said } = await webhookAdd("--url-file", file);
  expect([status, said]).toEqual([2, expect.stringContaining("expected an https URL")]);
  expect(said).not.toContain("hunter2");
});
