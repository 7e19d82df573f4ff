import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseAddress } from "../../src/database/address/database-address.ts";
import { connect, type Database } from "../../src/database/connect.ts";
import { embeddedStart } from "../../src/database/embedded/embedded.ts";
import { migrate } from "../../src/database/migrate.ts";
import { createLogger } from "../../src/lib/log.ts";

/** A migrated, empty embedded PostgreSQL with the settings of `farrier up` and full durability. */
export interface BenchDatabase extends AsyncDisposable {
  address: DatabaseAddress;
  database: Database;
  /** Another database on the same server, migrated and empty. */
  another(name: string): Promise<{ address: DatabaseAddress; database: Database }>;
  /** The postmaster's. */
  pid: number;
  durability: Record<string, string>;
}

/** Starts one in a temporary directory. */
export async function benchDatabase(): Promise<BenchDatabase> {
  const log = createLogger({ level: "warn", component: "bench" });
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "farrier-bench-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const postgres = stack.use(await embeddedStart({ directory, log }));
  const database = stack.use(connect(postgres.connection, { log, connections: 20 }));
  await migrate(database.pool);
  const durability: Record<string, string> = {};
  for (const name of ["fsync", "synchronous_commit", "full_page_writes", "shared_buffers"]) {
    const { rows } = await database.pool.query<Record<string, string>>(`SHOW ${name}`);
    durability[name] = rows[0]?.[name] ?? "";
  }
  const release = stack.move();
  const another = async (name: string) => {
    await database.pool.query(`CREATE DATABASE ${name}`);
    const address = { ...postgres.connection, database: name };
    const other = release.use(connect(address, { log, connections: 20 }));
    await migrate(other.pool);
    return { address, database: other };
  };
  return {
    another,
    address: postgres.connection,
    database,
    pid: postgres.pid ?? 0,
    durability,
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}
