import { connect } from "../../src/database/connect.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { shepherdRun } from "../../src/shepherd/run.ts";
import { simulatedAccess } from "../../src/shepherd/testing/simulated-access.ts";
import type { TestDatabase } from "./database.ts";

/** What a shepherd needs for takeovers: the credential that opens every host, in clear. */
export interface ShepherdChildTakeovers {
  bootImages: string;
  agentsPort: number;
  kind: "ssh-key" | "ssh-password";
  secret: string;
}

// A shepherd as a process of its own, to be killed, for simulated controllers: node shepherd-child.ts CONNECTION [TAKEOVERS]
const takeovers = process.argv[3] === undefined ? undefined : (JSON.parse(process.argv[3]) as ShepherdChildTakeovers);
const connection = JSON.parse(process.argv[2] ?? "") as TestDatabase["connection"];
const log = createLogger({ level: "silent", component: "shepherd" });
shepherdRun({
  database: connect(connection, { log }),
  log,
  clock: systemClock,
  metrics: createMetrics(),
  unlisted: (name) => ({ name }),
  interval: 50,
  controllers: simulatedAccess(),
  ...(takeovers === undefined
    ? {}
    : {
        takeovers: {
          open: () => Promise.resolve({ kind: takeovers.kind, secret: takeovers.secret, mayReach: () => true }),
          bootImages: takeovers.bootImages,
          agents: { port: takeovers.agentsPort },
          caCertificate: () => Promise.resolve(new Uint8Array(700)),
          kernelArguments: "panic=10",
        },
      }),
});
process.once("disconnect", () => process.exit());
