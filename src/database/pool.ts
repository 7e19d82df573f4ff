import type { Socket } from "node:net";
import pg from "pg";
import { errorCode } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { DatabaseError } from "./errors.ts";

/**
 * Milliseconds after which a connection is given up on which nothing came and nothing went: more than statement_timeout,
 * so that whoever still waits for an answer then waits for a server that is no more, or that no packet reaches.
 */
export const silenceLimit = 40_000;

/** A pool of which no connection can end the process by breaking, nor hang for ever. */
export function poolOpen(
  config: pg.PoolConfig,
  log: Logger,
  silence: number = silenceLimit,
  failed?: (code: string) => void,
  maximumWaiting: number = Number.POSITIVE_INFINITY,
): pg.Pool {
  const pool = new BoundedPool(
    failed === undefined ? config : { ...config, Client: countingClient(failed) },
    maximumWaiting,
  );
  // A connection that breaks while it idles is replaced by the next query; unheard, the event would end the process.
  pool.on("error", (error) => {
    // One that is being closed may be broken first by its database: an embedded one is stopped right after the pools.
    if (!pool.ending) {
      log.warn({ error: error.message }, "an idle database connection broke");
    }
  });
  pool.on("connect", (client) => {
    // The same while it is in use: its query rejects, but between two queries, or after one, nobody else hears of it.
    client.on("error", (error) => log.debug({ error: error.message }, "a database connection broke"));
    const socket = socketOf(client);
    socket.setTimeout(silence, () => {
      const error = new Error(`the database did not answer for ${silence / 1000} s`);
      socket.destroy(Object.assign(error, { code: "ETIMEDOUT" }));
    });
  });
  return pool;
}

/** What a caller of a pool is given, or why it is given nothing. */
type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** A pool in whose queue only so many wait: the next one is refused at once, and holds nothing. */
class BoundedPool extends pg.Pool {
  readonly #maximumWaiting: number;

  constructor(config: pg.PoolConfig, maximumWaiting: number) {
    super(config);
    this.#maximumWaiting = maximumWaiting;
  }

  // The pool's own query() calls it with a callback.
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | void {
    if (this.waitingCount >= this.#maximumWaiting) {
      const error = new DatabaseError(
        "unavailable",
        `${this.waitingCount} calls of this kind wait for the database already: try again later`,
      );
      return callback === undefined ? Promise.reject(error) : callback(error, undefined, () => undefined);
    }
    return callback === undefined ? super.connect() : super.connect(callback);
  }
}

/** A client that tells of every error that the server or the network answers with, whoever hears of it otherwise. */
function countingClient(failed: (code: string) => void): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      // Not in the types, but there since node-postgres exists.
      const { connection } = this as unknown as { connection: NodeJS.EventEmitter };
      const tell = (error: unknown): void => failed(errorCode(error) ?? "unknown");
      connection.on("errorMessage", tell);
      connection.on("error", tell);
    }
  };
}

/** For statements that may take longer than any other's. */
export function silenceAllow(client: pg.ClientBase): void {
  socketOf(client).setTimeout(0);
}

function socketOf(client: pg.ClientBase): Socket {
  // Not in the types, but there since node-postgres exists: the connection's stream.
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
