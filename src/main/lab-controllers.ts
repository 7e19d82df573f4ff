import { controllersServe } from "../lab/controller/serve.ts";
import { systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/log.ts";
import { untilStopped } from "./parts/until-stopped.ts";
import { labDirectory } from "./providers.ts";

/** `farrier lab controllers`: serves the controllers of lab machines. Resolves to the exit status. */
export async function labControllersProcess({ dataDir, debug }: { dataDir: string; debug: boolean }): Promise<number> {
  const log = createLogger({ level: debug ? "debug" : "info", component: "lab-controllers" });
  const stop = new AbortController();
  void untilStopped().then((signal) => stop.abort(new Error(`told to stop by ${signal}`)));
  await controllersServe({ directory: labDirectory(dataDir), clock: systemClock, log, signal: stop.signal });
  return 0;
}
