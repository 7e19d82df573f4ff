import type { UpOptions } from "./options.ts";
import type { DatabaseAddress } from "../database/address/database-address.ts";
import { dataDirectoryOpen } from "../database/embedded/data-directory.ts";
import { embeddedStart } from "../database/embedded/embedded.ts";
import { createLogger } from "../lib/log.ts";
import { databaseAddress } from "./parts/database-reach.ts";
import { untilStopped } from "./parts/until-stopped.ts";
import type * as UpServe from "./up-serve.ts";

/**
 * `farrier up`: everything in one process, on an embedded PostgreSQL unless a database is named. Resolves to the exit
 * status.
 */
export async function upProcess(options: UpOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "up" });
  const stopped = untilStopped();
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await dataDirectoryOpen(options.dataDir));
  let loading: Promise<typeof UpServe> | undefined;
  const load = (): Promise<typeof UpServe> => (loading ??= import("./up-serve.ts"));
  const address: DatabaseAddress =
    options.databaseUrl === undefined
      ? stack.use(
          await embeddedStart({
            directory: directory.postgres,
            log,
            user: options.databaseUser,
            // PostgreSQL and the code need about equally long, so they start in parallel.
            spawned: () => void load().catch(() => undefined),
          }),
        ).connection
      : databaseAddress(options.databaseUrl);
  const { upServe } = await load();
  stack.use(await upServe({ ...options, dataDir: directory.path }, address, log));
  log.info({ signal: await stopped }, "stopping");
  return 0;
}
