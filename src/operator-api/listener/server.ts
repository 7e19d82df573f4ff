import { once } from "node:events";
import type { Server } from "node:http";
import type { Http2SecureServer, ServerHttp2Session } from "node:http2";
import { listenWords } from "../../lib/net/listen-words.ts";
import { formatHostPort, type HostPort } from "../../lib/net/host-port.ts";
import { OperatorApiError } from "../errors.ts";

/** Clear text over HTTP/1.1, or TLS over HTTP/1.1 and HTTP/2. */
export type AnyServer = Server | Http2SecureServer;

/** Milliseconds that running calls get to finish when the listener is disposed of. */
const drainMilliseconds = 10_000;
/** Milliseconds after which an idle HTTP/2 connection is closed. */
const idleMilliseconds = 120_000;

/** Open sockets and sessions, closed on disposal. */
const opened = new WeakMap<AnyServer, { sockets: Set<{ destroy(): void }>; sessions: Set<ServerHttp2Session> }>();

/**
 * Listens; resolves to the port.
 * @throws {OperatorApiError} `address_unusable`, with the reason
 */
export async function serverListen(server: AnyServer, address: HostPort): Promise<number> {
  track(server);
  server.listen({ host: address.host, port: address.port, reusePort: address.shared ?? false });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new OperatorApiError(
      "address_unusable",
      `operators can't be served on ${formatHostPort(address)}: ${listenWords(error)} with --operators HOST:PORT`,
      { cause: error },
    );
  }
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : address.port;
}

function track(server: AnyServer): void {
  const sockets = new Set<{ destroy(): void }>();
  const sessions = new Set<ServerHttp2Session>();
  opened.set(server, { sockets, sessions });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    let streams = 0;
    session.on("stream", (stream) => {
      streams += 1;
      stream.once("close", () => {
        streams -= 1;
      });
    });
    session.setTimeout(idleMilliseconds, () => {
      if (streams === 0) {
        session.close();
      }
    });
    session.once("close", () => sessions.delete(session));
  });
  // A failed handshake concerns the caller only; without a listener, some would end the process.
  server.on("tlsClientError", () => undefined);
  server.on("sessionError", () => undefined);
}

/** Accepts no new connections, lets running calls finish for `drain` milliseconds, and closes. */
export async function serverClose(server: AnyServer, drain = drainMilliseconds): Promise<void> {
  const { sockets, sessions } = opened.get(server) ?? { sockets: new Set(), sessions: new Set() };
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (const session of sessions) {
    session.close();
  }
  // A connection whose last call ends meanwhile would otherwise stay open for another one.
  const idle = setInterval(() => {
    if ("closeIdleConnections" in server) {
      server.closeIdleConnections();
    }
  }, 50);
  const timer = setTimeout(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
  }, drain);
  await closed;
  clearTimeout(timer);
  clearInterval(idle);
}
