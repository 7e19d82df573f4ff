import type { ServerOptions } from "../cli/starters.ts";
import { formatHostPort } from "../lib/host-port.ts";
import { createLogger } from "../lib/log.ts";
import { controlPlaneStart } from "./control-plane.ts";
import { databaseAddress } from "./database-reach.ts";
import { untilStopped } from "./until-stopped.ts";

/** `farrier server`: agent API, operator API and janitor on a given PostgreSQL. Resolves to the exit status. */
export async function run(options: ServerOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "server" });
  const stopped = untilStopped();
  await using server = await controlPlaneStart({
    ...options,
    databaseAddress: databaseAddress(options.databaseUrl),
    log,
  });
  process.stdout.write(`ready: agents on ${formatHostPort(server.agents)}, operators on ${server.operators}\n`);
  log.info({ signal: await stopped }, "stopping");
  return 0;
}
