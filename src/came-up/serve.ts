import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Database } from "../database/connect.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { connectionShares } from "../lib/net/connection-shares.ts";
import { formatHostPort, type HostPort } from "../lib/net/host-port.ts";
import { listenWords } from "../lib/net/listen-words.ts";
import { createHandshakes, underlyingSocket } from "../lib/tls/handshakes.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { cameUpAnswer } from "./answer.ts";
import { CameUpError } from "./errors.ts";
import { cameUpLimits } from "./limits.ts";

/** The listener for reports of installed systems. Disposing closes its connections: systems report again. */
export interface CameUpListener extends AsyncDisposable {
  /** The address with the port that was chosen. */
  address: HostPort;
}

/** What it needs. */
export interface CameUpServeOptions {
  address: HostPort;
  certificate: { certificatePem: string; keyPem: string };
  database: Database;
  metrics: Pick<Metrics, "cameUpReports" | "refusedCalls">;
  log: Logger;
  clock: Clock;
}

/**
 * Listens for reports that installed systems came up: by TLS, to everybody, on a port that does nothing else.
 * @throws {CameUpError} `address_unusable`, with the reason
 */
export async function cameUpServe(options: CameUpServeOptions): Promise<CameUpListener> {
  const { certificate, clock } = options;
  const { certificatePem, keyPem } = certificate;
  const answer = cameUpAnswer(options);
  const server = createServer(
    {
      cert: certificatePem,
      key: keyPem,
      minVersion: "TLSv1.2",
      handshakeTimeout: cameUpLimits.headersTimeout,
      maxHeaderSize: cameUpLimits.headers,
      headersTimeout: cameUpLimits.headersTimeout,
      requestTimeout: cameUpLimits.requestTimeout,
      keepAliveTimeout: cameUpLimits.headersTimeout,
      connectionsCheckingInterval: 1_000,
    },
    answer,
  );
  // The answer comes first: only a caller with a token is told to send a body.
  server.on("checkContinue", answer);
  server.on("clientError", (_error: Error, socket: Socket) => socket.destroy());
  server.maxHeadersCount = 32;
  server.setTimeout(cameUpLimits.stall);
  const handshakes = handshakesInLine(server, clock);
  const shares = connectionShares(cameUpLimits.connections);
  server.on("connection", (socket: Socket) => void shares.enter(socket));
  const port = await listen(server, options.address);
  return {
    address: { host: options.address.host, port },
    [Symbol.asyncDispose]: async () => {
      handshakes[Symbol.dispose]();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Has handshakes wait their turn, because other listeners of this process use the same thread. */
function handshakesInLine(server: Server, clock: Clock): Disposable {
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  const handshakes = createHandshakes({
    begin: (socket) => {
      for (const listener of listeners) {
        listener.call(server, socket);
      }
    },
    firstBytes: cameUpLimits.headersTimeout,
    clock,
    waiting: () => undefined,
  });
  server.on("connection", (socket: Socket) => handshakes.accept(socket));
  server.on("secureConnection", (socket: TLSSocket) => handshakes.done(underlyingSocket(socket)));
  server.on("tlsClientError", (_error: Error, socket: TLSSocket) => handshakes.done(underlyingSocket(socket)));
  return handshakes;
}

async function listen(server: Server, address: HostPort): Promise<number> {
  server.listen({ host: address.host, port: address.port, reusePort: address.shared ?? false });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new CameUpError(
      "address_unusable",
      `reports of installed systems can't be received on ${formatHostPort(address)}: ${listenWords(error)} with --came-up HOST:PORT`,
      { cause: error },
    );
  }
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : address.port;
}
