import type { Database } from "../database/connect.ts";
import { mediumServerSeconds, mediumServerSeen } from "../database/queries/boot/medium-server.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { formatHostPort, type HostPort } from "../lib/net/host-port.ts";
import { mediumArchitectures } from "./medium-file.ts";

/**
 * The URL by which controllers fetch media: as given, or the address that is listened on; undefined if it listens on
 * all addresses of this host, because then it is not known which of them controllers reach. Pure.
 */
export function mediaUrlOf(given: string | undefined, listening: HostPort): string | undefined {
  const isAny = ["", "0.0.0.0", "::"].includes(listening.host);
  return given ?? (isAny ? undefined : `http://${formatHostPort(listening)}`);
}

/** Records again and again, until the signal aborts, that boot media are served at this URL. */
export async function mediumAnnounce(options: {
  database: Database;
  url: string;
  /** The folder of boot images. */
  bootImages: string;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
}): Promise<void> {
  const { database, url, bootImages, log, clock, signal } = options;
  while (!signal.aborted) {
    try {
      await mediumServerSeen(database, { url, architectures: await mediumArchitectures(bootImages) });
    } catch (error) {
      log.warn({ error: describeError(error) }, "the server of boot media could not be recorded; trying again");
    }
    await clock.sleep((mediumServerSeconds * 1000) / 3, signal).catch(() => undefined);
  }
}
