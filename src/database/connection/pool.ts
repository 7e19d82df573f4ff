import pg from "pg";
import type { Logger } from "../../lib/log.ts";
import type { DatabaseAddress } from "../address/database-address.ts";
import { clientClass } from "./client.ts";
import { clientConfig } from "./client-config.ts";
import { DatabaseError } from "../errors.ts";
import { lockHoldersFollow } from "./lock-holder.ts";
import { socketOf } from "./socket.ts";

/**
 * Milliseconds without any traffic after which a connection in use is closed. Longer than statement_timeout, so a
 * caller that still waits then waits for a dead or unreachable server.
 */
export const silenceLimit = 40_000;

/** A pool whose connections can neither end the process by breaking nor hang for ever. */
export function poolOpen(
  address: DatabaseAddress,
  settings: pg.PoolConfig,
  options: {
    log: Logger;
    /** Called with the code of every error of the database or of the connection to it. */
    failed?: (code: string) => void;
    /** Maximum number of calls that wait for a connection. */
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
  // A connection that breaks while idle is replaced by the next query; without a listener the event would end the
  // process.
  pool.on("error", (error) => {
    // While the pool closes, its connections may break first: an embedded database is stopped right after the pools.
    if (!pool.ending) {
      log.warn({ error: error.message }, "an idle database connection broke");
    }
  });
  pool.on("connect", (client) => {
    // The same for a connection in use: its query rejects, but an error between two queries, or after one, reaches
    // nobody else.
    client.on("error", (error) => log.debug({ error: error.message }, "a database connection broke"));
    const socket = socketOf(client);
    socket.setTimeout(silence, () => {
      const error = new Error(`the database did not answer for ${silence / 1000} s`);
      socket.destroy(Object.assign(error, { code: "ETIMEDOUT" }));
    });
  });
  return pool;
}

/** The callback of a pool's connect: a client, or the error. */
type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** A pool with a bounded queue: calls beyond it are refused at once, and hold nothing. */
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

/** For statements that may take longer than the silence limit. */
export function silenceAllow(client: pg.ClientBase): void {
  socketOf(client).setTimeout(0);
}
