import type { UpOptions } from "../cli/starters.ts";
import type { DatabaseAddress } from "../database/connect.ts";
import { dataDirectoryOpen } from "../database/data-directory.ts";
import { embeddedStart } from "../database/embedded.ts";
import { systemClock } from "../lib/clock.ts";
import { formatHostPort } from "../lib/host-port.ts";
import { createLogger } from "../lib/log.ts";
import { shepherdRun } from "../shepherd/run.ts";
import { controlPlaneStart } from "./control-plane.ts";
import { databaseAddress } from "./database-reach.ts";
import { untilStopped } from "./until-stopped.ts";

/** `farrier up`: everything in one process, on an embedded PostgreSQL unless one is named. Resolves to the exit status. */
export async function run(options: UpOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "up" });
  const stopped = untilStopped();
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await dataDirectoryOpen(options.dataDir));
  const address: DatabaseAddress =
    options.databaseUrl === undefined
      ? stack.use(await embeddedStart({ directory: directory.postgres, log })).connection
      : databaseAddress(options.databaseUrl);
  const server = stack.use(
    await controlPlaneStart({
      dataDir: directory.path,
      agents: options.agents,
      operators: options.operators,
      serverNames: options.serverNames,
      tls: undefined,
      operatorTls: options.operatorTls,
      databaseAddress: address,
      migrate: true,
      log,
    }),
  );
  const { database, metrics } = server;
  stack.use(shepherdRun({ database, log, clock: systemClock, metrics }));
  process.stdout.write(`ready: agents on ${formatHostPort(server.agents)}, operators on ${server.operators}\n`);
  log.info({ signal: await stopped }, "stopping");
  return 0;
}
