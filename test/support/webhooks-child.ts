import { connect } from "../../src/database/connect.ts";
import { sessionHold } from "../../src/database/session-holder.ts";
import { webhooksRun } from "../../src/events/webhooks-run.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { testKeyRing } from "../../src/secrets/testing/key-ring.ts";
import { secretsKey } from "../../src/secrets/secrets-key.ts";
import type { TestDatabase } from "./database.ts";

// A server's delivery of events as a process of its own, to be killed: node webhooks-child.ts CONNECTION KEY
const connection = JSON.parse(process.argv[2] ?? "") as TestDatabase["connection"];
const secrets = testKeyRing(secretsKey(Buffer.from(process.argv[3] ?? "", "base64")));
const log = createLogger({ level: "debug", component: "server" });
const database = connect(connection, { log });
const sessions = sessionHold(database, { component: "server", log, clock: systemClock });
webhooksRun({
  ...{ database, sessions, secrets, log, clock: systemClock, metrics: createMetrics(), interval: 50 },
  host: { loopbackAllowed: true, ownPorts: async () => [] },
});
process.once("disconnect", () => process.exit());
