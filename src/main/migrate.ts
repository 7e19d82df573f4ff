import type { MigrateOptions } from "./options.ts";
import type { DatabaseAddress } from "../database/address/database-address.ts";
import { connect } from "../database/connect.ts";
import { dataDirectoryOpen } from "../database/embedded/data-directory.ts";
import { embeddedStart } from "../database/embedded/embedded.ts";
import { migrate } from "../database/migrate.ts";
import { createLogger } from "../lib/log.ts";
import { databaseAddress, databaseReach } from "./parts/database-reach.ts";

/** `farrier migrate`: migrates a database's schema to this version. Resolves to the exit status. */
export async function migrateProcess(options: MigrateOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "warn", component: "migrate" });
  await using stack = new AsyncDisposableStack();
  let address: DatabaseAddress;
  if (options.databaseUrl === undefined) {
    const directory = stack.use(await dataDirectoryOpen(options.dataDir));
    address = stack.use(await embeddedStart({ directory: directory.postgres, log })).connection;
  } else {
    address = databaseAddress(options.databaseUrl);
  }
  const database = stack.use(connect(address, { log }));
  await databaseReach(database);
  const applied = await migrate(database.pool);
  process.stdout.write(applied.length === 0 ? "nothing to do\n" : `applied: ${applied.join(", ")}\n`);
  return 0;
}
