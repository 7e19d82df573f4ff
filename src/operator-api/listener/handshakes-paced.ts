import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../lib/clock.ts";
import { createHandshakes, underlyingSocket, type Handshakes } from "../../lib/tls/handshakes.ts";
import type { AnyServer } from "./server.ts";

/**
 * Makes the server start its TLS handshakes a few milliseconds' worth per turn of the event loop: other listeners of this
 * process use the same thread. At most 512 connections can wait, the server's limit on open connections. Call this before
 * other listeners of "connection" are added.
 * @param options.firstBytes milliseconds that a connection may be silent before its first bytes
 */
export function handshakesPaced(
  server: AnyServer,
  options: { firstBytes: number; clock: Pick<Clock, "monotonic"> },
): Handshakes {
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  const handshakes = createHandshakes({
    ...options,
    begin: (socket) => {
      for (const listener of listeners) {
        listener.call(server, socket);
      }
    },
    waiting: () => undefined,
  });
  server.on("connection", (socket: Socket) => handshakes.accept(socket));
  server.on("secureConnection", (socket: TLSSocket) => handshakes.done(underlyingSocket(socket)));
  server.on("tlsClientError", (_error: Error, socket: TLSSocket) => handshakes.done(underlyingSocket(socket)));
  return handshakes;
}
