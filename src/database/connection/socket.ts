import type { Socket } from "node:net";
import type pg from "pg";

/** A connection's stream, which changes when TLS begins. No type declares it, but node-postgres has always had it. */
export function socketOf(client: pg.ClientBase): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
