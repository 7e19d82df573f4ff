import pg from "pg";
import type { Logger } from "../../lib/log.ts";
import type { DatabaseAddress } from "../address/database-address.ts";
import { clientClass } from "./client.ts";
import { clientConfig } from "./client-config.ts";
import { DatabaseError } from "../errors.ts";
import { lockHoldersFollow } from "./lock-holder.ts";
import { socketOf } from "./socket.ts";

/**
 * Milliseconds after which a connection is given up on which nothing came and nothing went: more than statement_timeout,
 * so that whoever still waits for an answer then waits for a server that is no more, or that no packet reaches.
 */
export const silenceLimit = 40_000;

/** A pool of which no connection can end the process by breaking, nor hang for ever. */
export function poolOpen(
  address: DatabaseAddress,
  settings: pg.PoolConfig,
  options: {
    log: Logger;
    /** Told of every error that the database or the way to it answers with, by its code. */
    failed?: (code: string) => void;
    /** Calls that may wait for a connection. */
    maximumWaiting?: number;
    /** Milliseconds. */
    silence?: number;
  },
): pg.Pool {
  const { log, silence = silenceLimit } = options;
  const pool = new BoundedPool(
    { ...clientConfig(address, settings), Client: clientClass(address, options) },
    options.maximumWaiting ?? Number.POSITIVE_INFINITY,
  );
  lockHoldersFollow(pool, address, settings);
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

/** For statements that may take longer than any other's. */
export function silenceAllow(client: pg.ClientBase): void {
  socketOf(client).setTimeout(0);
}
