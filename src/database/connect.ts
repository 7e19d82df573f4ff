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

/**
 * Parses int8 to bigint, because generations and sizes do not fit a double. All other types are left to node-postgres.
 */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.INT8 && format !== "binary" ? BigInt : pg.types.getTypeParser(oid, format),
};

/**
 * Settings of every connection. Lock waits are limited to a second, so that one locked machine does not hold up many;
 * an idle transaction is ended before its session's lease (15 s) is over.
 */
export const connectionSettings = {
  lock_timeout: 1_000,
  idle_in_transaction_session_timeout: 10_000,
  statement_timeout: 30_000,
  connectionTimeoutMillis: 5_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  // Farrier's statements are short, but before tables are analysed PostgreSQL overestimates some of them, and compiling
  // cost seconds.
  options: "-c jit=off",
  types,
} as const satisfies pg.PoolConfig;

/** Connects lazily: the first query opens the first connection. */
export function connect(
  address: DatabaseAddress,
  options: {
    log: Logger;
    /** Maximum number of connections. */
    connections?: number;
    /** Maximum number of calls that wait for a connection; further calls get `unavailable` at once. */
    maximumWaiting?: number;
    applicationName?: string;
    /** Called with the code of every error of the database or of the connection to it. */
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
      // Kysely does not end a pool that was never used.
      if (!pool.ending) {
        await pool.end();
      }
    },
  };
}
