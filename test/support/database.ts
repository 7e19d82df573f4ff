import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { errorCode } from "../../src/lib/errors.ts";
import type { EmbeddedConnection } from "../../src/database/embedded/embedded.ts";
import { templateName } from "./global-setup.ts";
import { waitFor } from "./wait.ts";

/** A database of one's own, gone when disposed. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** As `connect` of src/database/connect.ts and node-postgres take it. */
  readonly connection: EmbeddedConnection;
  /** The same as a URL, for processes and --database-url. */
  readonly url: string;
}

/**
 * Makes a database for a test file: a copy of the migrated template, or with `migrated: false` an empty one. Disposing it
 * fails when connections to it are still open after `closesWithinMs`, because then something was not released;
 * `leaks: "ignore"` is for tests that kill processes.
 */
export async function testDatabase(
  options: { migrated?: boolean; leaks?: "fail" | "ignore"; closesWithinMs?: number } = {},
): Promise<TestDatabase> {
  const server = inject("postgres");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await create(server, name, options.migrated === false ? "template0" : templateName);
  return {
    name,
    connection: { ...server, database: name },
    url: `postgresql://${server.user}@/${name}?host=${encodeURIComponent(server.host)}&port=${server.port}`,
    [Symbol.asyncDispose]: async () => {
      const leaked =
        options.leaks === "ignore" ? undefined : await findLeak(server, name, options.closesWithinMs ?? 60_000);
      await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      if (leaked !== undefined) {
        throw leaked;
      }
    },
  };
}

/** 55006 object_in_use: something such as autovacuum is in the template for a moment. */
async function create(server: EmbeddedConnection, name: string, template: string): Promise<void> {
  const outcome = await waitFor(`a copy of ${template}`, async () =>
    query(server, `CREATE DATABASE ${name} TEMPLATE ${template}`).then(
      () => "made" as const,
      (error: unknown) => (errorCode(error) === "55006" ? undefined : { error }),
    ),
  );
  if (outcome !== "made") {
    throw outcome.error;
  }
}

/** The server takes a moment to notice a closed connection; a leaked connection stays. */
async function findLeak(server: EmbeddedConnection, name: string, timeoutMs: number): Promise<Error | undefined> {
  try {
    await waitFor(
      `every connection to ${name} to be closed (release what the test opened)`,
      async () => {
        const { rows } = await query(
          server,
          `SELECT application_name, state, left(query, 80) AS query FROM pg_stat_activity
           WHERE datname = '${name}' AND backend_type = 'client backend'`,
        );
        return rows.length === 0 ? true : Promise.reject(new Error(JSON.stringify(rows)));
      },
      { timeoutMs },
    );
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function query(server: EmbeddedConnection, sql: string): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ ...server });
  await client.connect();
  try {
    return await client.query<Record<string, unknown>>(sql);
  } finally {
    await client.end();
  }
}
