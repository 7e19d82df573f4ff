import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import {
  changesPosition,
  machineChanges,
  type ChangeCursor,
  type ChangesPage,
} from "../../database/queries/views/machine-changes.ts";
import { machineFollower, type MachineFollower, type OpenFollower } from "./machine-follower.ts";
import type { MachineFeed } from "../machine-feed.ts";

/** Maximum number of changes that are read at once. */
const pageRows = 1_000;
/** Milliseconds between two looks without a notification. */
const pollInterval = 2_000;

/** What a watch wants of the fleet's changes. */
export interface MachineWanted {
  /** Only these; absent means all. */
  machines?: ReadonlySet<MachineId>;
}

/** Reads the fleet's changes once for all watches of this server, while there is one. */
export interface MachineTail {
  /**
   * Begins to collect changes for a watch. What was committed before `ready` resolved may be missing: it is read from the
   * database.
   */
  follow(wanted: MachineWanted): MachineFollower;
}

/** A tail of the database's changes. `stopping` ends it. */
export function machineTail({
  database,
  feed,
  stopping,
}: {
  database: Database;
  feed: MachineFeed;
  stopping?: AbortSignal;
}): MachineTail {
  const followers = new Set<OpenFollower>();
  let running: { ready: Promise<void>; stop: AbortController } | undefined;

  const start = (): { ready: Promise<void>; stop: AbortController } => {
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    // Watches await it themselves; there may be none left.
    ready.promise.catch(() => undefined);
    const own = { ready: ready.promise, stop };
    const end = stopping === undefined ? stop.signal : AbortSignal.any([stop.signal, stopping]);
    void tailRead({ database, feed }, followers, ready.resolve, end).catch((error: unknown) => {
      ready.reject(error);
      // Otherwise its followers are gone, and those that are there belong to a later one.
      if (running === own) {
        running = undefined;
        followers.forEach((follower) => follower.fail(error));
      }
    });
    return own;
  };

  return {
    follow: (wanted) => {
      running ??= start();
      const follower = machineFollower(wanted, running.ready, () => {
        followers.delete(follower);
        if (followers.size === 0) {
          running?.stop.abort();
          running = undefined;
        }
      });
      followers.add(follower);
      return follower;
    },
  };
}

async function tailRead(
  { database, feed }: { database: Database; feed: MachineFeed },
  followers: ReadonlySet<OpenFollower>,
  ready: () => void,
  end: AbortSignal,
): Promise<void> {
  let at: ChangeCursor = (await changesPosition(database)).now;
  ready();
  while (!end.aborted) {
    const heard = feed.next();
    const page: ChangesPage = await machineChanges(database, at, pageRows);
    at = page.cursor;
    // A tail that was stopped meanwhile has no say any more: the one after it has its own followers.
    if (!end.aborted) {
      followers.forEach((follower) => follower.add(page));
    }
    if (!page.more) {
      await heard.wait(pollInterval, end);
    }
  }
}
