import { access } from "node:fs/promises";
import { join } from "node:path";
import type { EmbeddedConnection } from "./embedded.ts";
import { databaseName } from "./embedded-initialise.ts";
import { port } from "./embedded-settings.ts";
import { socketDirectory } from "./embedded-socket.ts";

/** Access to an embedded PostgreSQL that another process runs; disposal releases it. */
export interface EmbeddedReach extends AsyncDisposable {
  readonly connection: EmbeddedConnection;
}

/**
 * Resolves to how this process (the same user, or root) reaches the PostgreSQL that another `farrier up` runs on
 * `directory`.
 */
export async function embeddedReach(directory: string): Promise<EmbeddedReach> {
  const { host, [Symbol.asyncDispose]: release } = await socketDirectory(join(directory, "data"));
  return { connection: { host, port, user: databaseName, database: databaseName }, [Symbol.asyncDispose]: release };
}

/** Whether there ever was an embedded PostgreSQL in `directory`. */
export async function embeddedExists(directory: string): Promise<boolean> {
  return access(join(directory, "data", "PG_VERSION")).then(
    () => true,
    () => false,
  );
}
