import { afterAll, beforeAll, expect, test } from "vitest";
import type { WebhookTarget } from "../secrets/webhook-target.ts";
import { testReceiver, type TestReceiver } from "./testing/webhook-receiver-server.ts";
import { webhookReceiver, type OwnHost, type WebhookOutcome } from "./webhook-send.ts";

let server: TestReceiver;
beforeAll(async () => {
  server = await testReceiver();
});
afterAll(() => server[Symbol.asyncDispose]());

const message = { id: "1", timestamp: 1_700_000_000, body: '{"id":"1","subject":"m","type":"t"}' };
const here: OwnHost = { loopbackAllowed: true, ownPorts: async () => [] };

async function sent(
  options: { url?: string; certificates?: string; privateAllowed?: boolean; milliseconds?: number } = {},
  host: OwnHost = here,
  signal: AbortSignal = new AbortController().signal,
): Promise<WebhookOutcome> {
  const { url = server.url, certificates = server.certificates, privateAllowed = false, milliseconds } = options;
  const target: WebhookTarget = { url, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", certificates };
  using receiver = webhookReceiver({ ...target, privateAllowed }, host, milliseconds);
  return await receiver.send(message, signal);
}

test("an answer from 200 to 299 is a delivery; any other says what came, on one line", async () => {
  server.answer = (_event, response) => void response.writeHead(202).end();
  expect(await sent()).toEqual({ kind: "delivered", status: 202 });
  server.answer = (_event, response) => void response.writeHead(503).end("\u001b[31mbusy\nmore");
  expect(await sent()).toEqual({ kind: "refused", reason: expect.stringMatching(/^it answered 503: .*busy$/u) });
});

test("a receiver that does not answer in time is not waited for", async () => {
  server.answer = () => new Promise(() => undefined);
  expect(await sent({ milliseconds: 50 })).toEqual({ kind: "unreachable", reason: "no answer within 0.05 s" });
  server.answer = (_event, response) => void response.writeHead(204).end();
});

test("a body that never ends does not hold up what was taken", async () => {
  server.answer = (_event, response) => void response.writeHead(200).write("o");
  expect(await sent({ milliseconds: 5_000 })).toEqual({ kind: "delivered", status: 200 });
  server.answer = (_event, response) => void response.writeHead(204).end();
});

test("a certificate of an unknown CA is refused", async () => {
  const outcome = await sent({ certificates: "" });
  expect(outcome).toEqual({ kind: "unreachable", reason: expect.stringMatching(/certificate/u) });
});

test.each([
  ["a private address", "https://10.0.0.7/", /private address 10\.0\.0\.7, which is not allowed/u],
  ["an address of clouds", "https://169.254.169.254/", /link-local/u],
  ["loopback in another spelling", "https://0x7f.1/", /loopback/u],
  ["a name of this host", "https://localhost:1/", /loopback/u],
])("%s is refused", async (_what, url, reason) => {
  const tried = server.tried.length;
  const host = { loopbackAllowed: false, ownPorts: async () => [] };
  expect(await sent({ url }, host)).toEqual({ kind: "unreachable", reason: expect.stringMatching(reason) });
  expect(server.tried.length).toBe(tried);
});

test("the control plane's own port is refused, though loopback is allowed", async () => {
  const outcome = await sent({}, { loopbackAllowed: true, ownPorts: async () => [server.port] });
  expect(outcome).toEqual({
    kind: "unreachable",
    reason: expect.stringMatching(/where the control plane itself listens/u),
  });
});

test("a try ends when the server stops", async () => {
  server.answer = () => new Promise(() => undefined);
  const stop = new AbortController();
  const trying = sent({}, here, stop.signal);
  stop.abort();
  expect(await trying).toEqual({ kind: "unreachable", reason: "the server is stopping" });
});
