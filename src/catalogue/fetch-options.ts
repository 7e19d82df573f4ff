import type { Database } from "../database/connect.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import type { ImageProcessLimits } from "./image-process.ts";
import type { ImageRoom } from "./image-room.ts";

/** What the loop that fetches images works with. */
export interface ImageFetchOptions {
  database: Database;
  sessions: SessionHolder;
  secrets: Pick<KeyRing, "open" | "problem">;
  /** A folder for files while they are looked into, each session's in a folder of its own. */
  directory: string;
  /** Whether the control plane listens on loopback addresses, and on which ports of this host. */
  guard: { loopbackAllowed: boolean; ownPorts: () => Promise<number[]> };
  room: ImageRoom;
  /** Keeps the file of an image that is to be cached; if it fails, caches fetch the image by themselves. */
  keep?: ((digest: string, file: string) => Promise<void>) | undefined;
  limits?: ImageProcessLimits;
  clock: Clock;
  metrics: Metrics;
  log: Logger;
}
