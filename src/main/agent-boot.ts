import { uptime } from "node:os";
import { machineReboot } from "../agent/boot/reboot.ts";
import { runBoot } from "../agent/boot/run.ts";
import { createLogTail } from "../agent/loops/log-tail.ts";
import { describeError } from "../lib/errors.ts";
import { createLogger } from "../lib/log.ts";
import { untilStopped } from "./parts/until-stopped.ts";

// The agent of the boot image: this file is bundled with its imports, and is the image's main program.
const logTail = createLogTail();
const log = createLogger({ level: "info", component: "agent", also: logTail.write });
log.info({ machineUp: `${uptime()} s` }, "farrier agent boots");
const stop = new AbortController();
void untilStopped().then((signal) => stop.abort(new Error(`told to stop by ${signal}`)));
try {
  await runBoot({ log, logTail, reboot: machineReboot, signal: stop.signal });
  process.exit(0);
} catch (error) {
  // The supervisor restarts it, with growing pauses.
  log.fatal({ err: describeError(error) }, "the agent cannot run");
  process.exit(1);
}
