import type { Socket } from "node:net";
import { connectionShares, type ConnectionPlace } from "../../lib/net/connection-shares.ts";
import type { AnyServer } from "./server.ts";

/**
 * Connections that are open at once; those of one address, and requests of each, before a valid credential was shown on it. A client
 * with many calls at once makes as many connections, and each is young.
 */
const connectionLimits = { most: 512, perAddress: 32, burst: { perAddress: 256, lasts: 1_000 }, requests: 64 };

/** The four addresses that tell connections apart. */
type Ends = Pick<Socket, "localAddress" | "localPort" | "remoteAddress" | "remotePort">;

/** The places of a server's connections. */
export interface ConnectionPlaces {
  /** By a request's socket; undefined once the connection is closed. */
  of(socket: Ends): ConnectionPlace | undefined;
}

/**
 * Gives every connection of the server a place from the moment it is accepted. Until a valid credential was shown on it, it lives
 * `unprovenFor` milliseconds, whatever it sends meanwhile.
 */
export function connectionPlaces(server: AnyServer, unprovenFor: number): ConnectionPlaces {
  const shares = connectionShares({ ...connectionLimits, unprovenFor });
  // By their addresses: over HTTP/2 a request's socket is a proxy of the TLS one, and neither is the one that was accepted.
  const places = new Map<string, ConnectionPlace>();
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    socket.once("close", () => places.delete(name));
    places.set(name, shares.enter(socket));
  });
  return { of: (socket) => places.get(nameOf(socket)) };
}

function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Ends): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
