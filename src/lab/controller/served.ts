import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { LabPlace } from "../power.ts";
import type { LabAccount } from "./account.ts";

/** What serving a controller needs. */
export interface ServeOptions {
  directory: string;
  account: LabAccount;
  clock: Clock;
  log: Logger;
  /** The lab as it is now: what machines boot from may change while the controller is served. */
  place: () => Promise<LabPlace>;
}

/** A controller that is served. Disposing it ends that. */
export interface ServedController extends AsyncDisposable {
  /** Why it is not served any more; undefined while it is. */
  over(): string | undefined;
}
