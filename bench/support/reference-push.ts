import { createServer, type Server, type TLSSocket } from "node:tls";
import pg from "pg";
import type { DatabaseAddress } from "../../src/database/address/database-address.ts";
import { referenceTls } from "./reference-tls.ts";

/**
 * The minimal push: a bare client receives a transaction's NOTIFY, and its payload (a machine's id) is sent over one
 * idle TLS connection. Resolves once it listens to the database.
 */
export async function referencePush(address: DatabaseAddress): Promise<Server> {
  const sockets = new Set<TLSSocket>();
  const server = createServer(referenceTls(), (socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  const client = new pg.Client({ ...address });
  await client.connect();
  client.on("notification", ({ payload = "" }) => {
    for (const socket of sockets) {
      socket.write(payload);
    }
  });
  await client.query("LISTEN farrier_agent");
  server.once("close", () => void client.end());
  return server;
}
