import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { Logger } from "../lib/log.ts";
import type { DatabaseAddress } from "./address/database-address.ts";
import { poolOpen } from "./connection/pool.ts";
import type { DB } from "./tables.ts";

/** A pool of connections, and the typed queries over it. */
export interface Database extends AsyncDisposable {
  pool: pg.Pool;
  kysely: Kysely<DB>;
}

/** Parses int8 to bigint (generations and sizes do not fit a double) and leaves the rest to node-postgres. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.INT8 && format !== "binary" ? BigInt : pg.types.getTypeParser(oid, format),
};

/**
 * Settings of every connection. Locks are waited for a second at most, so that one held machine does not hold up many;
 * a transaction that idles is ended before its session's lease (15 s) is.
 */
export const connectionSettings = {
  lock_timeout: 1_000,
  idle_in_transaction_session_timeout: 10_000,
  statement_timeout: 30_000,
  connectionTimeoutMillis: 5_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  // Statements here are short, and until its tables are analysed PostgreSQL takes some for long ones: compiling cost seconds.
  options: "-c jit=off",
  types,
} as const satisfies pg.PoolConfig;

/** Connects lazily: the first query opens the first connection. */
export function connect(
  address: DatabaseAddress,
  options: {
    log: Logger;
    /** Connections at most. */
    connections?: number;
    /** Calls that may wait for one of them; more are `unavailable` at once. */
    maximumWaiting?: number;
    applicationName?: string;
    /** Told of every error that the database or the way to it answers with, by its code. */
    failed?: (code: string) => void;
  },
): Database {
  const pool = poolOpen(
    address,
    {
      ...connectionSettings,
      max: options.connections ?? 10,
      application_name: options.applicationName ?? "farrier",
    },
    options,
  );
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
  return {
    pool,
    kysely,
    [Symbol.asyncDispose]: async () => {
      await kysely.destroy();
      // Kysely leaves a pool alone that it was never used on.
      if (!pool.ending) {
        await pool.end();
      }
    },
  };
}
