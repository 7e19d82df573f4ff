import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { accessWrite } from "../../src/database/embedded/embedded-access.ts";
import { binariesPrepare } from "../../src/database/embedded/embedded-binaries.ts";
import { databaseInitialise } from "../../src/database/embedded/embedded-initialise.ts";
import { postmasterStart } from "../../src/database/embedded/embedded-process.ts";
import { defaultSettings, fixedSettings, port } from "../../src/database/embedded/embedded-settings.ts";
import { socketDirectory } from "../../src/database/embedded/embedded-socket.ts";
import { runUser } from "../../src/database/embedded/embedded-user.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";

/**
 * Milliseconds until this PostgreSQL on `directory` has answered a first query, without anything else; for a missing
 * directory, initdb runs first.
 */
export async function bareStart(directory: string): Promise<number> {
  const log = createLogger({ level: "warn", component: "bench" });
  await mkdir(directory, { recursive: true });
  const user = await runUser(join(directory, "data"), { log });
  // Finding the programs is not part of PostgreSQL's start.
  const binaries = await binariesPrepare({ user, directory, log });
  const settings = { ...defaultSettings, ...fixedSettings };
  const begun = performance.now();
  const data = await databaseInitialise({ directory, binaries, user, sync: true, handOver: () => Promise.resolve() });
  await accessWrite(data, user);
  const postmaster = await postmasterStart(
    { directory, data, binaries, user, settings, clock: systemClock, log },
    new AbortController().signal,
  );
  try {
    await using socket = await socketDirectory(data);
    const client = new pg.Client({ host: socket.host, port, user: "farrier", database: "postgres" });
    await client.connect();
    await client.query("SELECT 1");
    const took = performance.now() - begun;
    await client.end();
    return took;
  } finally {
    await postmaster.stop();
  }
}
