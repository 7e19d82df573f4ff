import { connect } from "../../src/database/connect.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { shepherdRun } from "../../src/shepherd/run.ts";
import { simulatedAccess } from "../../src/shepherd/testing/simulated-access.ts";
import type { TestDatabase } from "./database.ts";

// A shepherd as a process of its own, to be killed, for simulated controllers: node shepherd-child.ts CONNECTION
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
});
process.once("disconnect", () => process.exit());
