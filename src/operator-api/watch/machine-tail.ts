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
import { sharedTail } from "./shared-tail.ts";

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
  const tail = sharedTail<OpenFollower>(
    (followers, ready, end) => tailRead({ database, feed }, followers, ready, end),
    stopping,
  );
  return { follow: (wanted) => tail.follow((ready, close) => machineFollower(wanted, ready, close)) };
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
