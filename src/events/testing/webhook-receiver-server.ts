import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { tlsFilesEnsure } from "../../lib/tls/credentials.ts";

/** A delivery as it came. */
export interface ReceivedEvent {
  id: string;
  machineId: string;
  type: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A receiver of webhooks for tests. */
export interface TestReceiver extends AsyncDisposable {
  url: string;
  port: number;
  /** PEM of its CA. */
  certificates: string;
  /** What it took and what it refused, in order. */
  tried: ReceivedEvent[];
  /** What it answered with a status from 200 to 299, in order. */
  taken: ReceivedEvent[];
  /** How it answers from now on; by default 204. */
  answer: (event: ReceivedEvent, response: ServerResponse) => void | Promise<void>;
  /** Stops listening and ends its connections; `listen` begins again on the same port. */
  stop(): Promise<void>;
  listen(): Promise<void>;
}

/** Starts a receiver with TLS on a loopback address. */
export async function testReceiver(): Promise<TestReceiver> {
  const directory = await mkdtemp(join(tmpdir(), "farrier-receiver-"));
  const files = await tlsFilesEnsure({ directory, serverNames: ["127.0.0.1", "localhost"] });
  await rm(directory, { recursive: true, force: true });
  const server = createServer({ cert: files.serverCertificatePem, key: files.serverKeyPem }, (request, response) => {
    void (async () => {
      const body = await text(request);
      const { id, subject, type } = JSON.parse(body) as { id: string; subject: string; type: string };
      const event = { id, machineId: subject, type, headers: request.headers, body };
      receiver.tried.push(event);
      await receiver.answer(event, response);
      if (response.statusCode >= 200 && response.statusCode < 300) {
        receiver.taken.push(event);
      }
    })().catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const receiver: TestReceiver = {
    url: `https://127.0.0.1:${port}/hook?token=hunter2`,
    port,
    certificates: files.caCertificatePem,
    tried: [],
    taken: [],
    answer: (_event, response) => void response.writeHead(204).end(),
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
    listen: async () => {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    [Symbol.asyncDispose]: async () => {
      if (server.listening) {
        await receiver.stop();
      }
    },
  };
  return receiver;
}
