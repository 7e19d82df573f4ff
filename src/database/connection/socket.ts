import type { Socket } from "node:net";
import type pg from "pg";

/** A connection's stream; another one once TLS has begun. Not in the types, but there since node-postgres exists. */
export function socketOf(client: pg.ClientBase): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
