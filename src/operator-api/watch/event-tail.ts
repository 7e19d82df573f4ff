import type { Database } from "../../database/connect.ts";
import { historyEvents, type HistoryEvent } from "../../database/history.ts";
import { eventPage, eventsNow } from "../../database/queries/event/event-page.ts";
import type { Clock } from "../../lib/clock.ts";
import type { MachineFeed } from "../machine-feed.ts";
import { eventFollower, type EventFollower, type OpenEventFollower } from "./event-follower.ts";
import { sharedTail } from "./shared-tail.ts";

/** Maximum number of entries of history that are read at once. */
const pageRows = 500;
/** Milliseconds between two reads where nothing says that there is something new. */
const pollInterval = 1_000;
/** Milliseconds from one read to the next at least, in however busy a fleet, while none is behind. */
const paced = 250;

/** Reads new entries of history once for all that follow events on this server, while somebody does. */
export interface EventTail {
  /**
   * Begins to collect events of these kinds. What was recorded before `ready` resolved may be missing: it is read from the
   * database.
   */
  follow(wanted: ReadonlySet<HistoryEvent>): EventFollower;
}

/** A tail of history. `stopping` ends it. */
export function eventTail({
  database,
  feed,
  clock,
  stopping,
}: {
  database: Database;
  feed: MachineFeed;
  clock: Clock;
  stopping?: AbortSignal;
}): EventTail {
  const tail = sharedTail<OpenEventFollower>(async (followers, ready, end) => {
    let { now: cursor } = await eventsNow(database);
    ready();
    while (!end.aborted) {
      const heard = feed.next();
      const looked = clock.monotonic();
      const page = await eventPage(database, cursor, { events: historyEvents, limit: pageRows });
      ({ cursor } = page);
      // A tail that was stopped meanwhile has no say any more: the one after it has its own followers.
      if (!end.aborted && page.events.length > 0) {
        followers.forEach((follower) => follower.add(page));
      }
      if (!page.more) {
        await heard.wait(pollInterval, end);
        await clock.sleep(Math.max(0, looked + paced - clock.monotonic()), end).catch(() => undefined);
      }
    }
  }, stopping);
  return { follow: (wanted) => tail.follow((ready, close) => eventFollower(wanted, ready, close)) };
}
