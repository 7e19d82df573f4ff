import { connect } from "../../database/connect.ts";
import { sessionHold } from "../../database/session-holder.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/log.ts";
import { createMetrics } from "../../metrics/metrics.ts";
import type { TestDatabase } from "../../../test/support/database.ts";
import { imageFetchRun } from "../fetch-loop.ts";
import { imageRoom } from "../image-room.ts";
import { plainOpened } from "./plain-sealed.ts";

// The fetching part of a server as a process of its own, to be killed: node fetch-child.ts CONNECTION DIRECTORY
const connection = JSON.parse(process.argv[2] ?? "") as TestDatabase["connection"];
const log = createLogger({ level: "silent", component: "server" });
const database = connect(connection, { log });
imageFetchRun({
  database,
  sessions: sessionHold(database, { component: "server", log, clock: systemClock }),
  secrets: { open: (_place, stored) => plainOpened(stored), problem: () => undefined },
  directory: process.argv[3] ?? "",
  guard: { loopbackAllowed: true, ownPorts: () => Promise.resolve([]) },
  room: imageRoom,
  clock: systemClock,
  metrics: createMetrics(),
  log,
});
process.once("disconnect", () => process.exit());
