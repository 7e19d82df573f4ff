import { addressNetwork } from "./address-limit.ts";

/** A connection as its listener accepted it. */
export interface SharedConnection {
  readonly remoteAddress?: string | undefined;
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** A connection's place among those that are open; it is free again when the connection closes. */
export interface ConnectionPlace {
  /** Its caller has proven who it is: it is not closed in favour of another any more, nor for its age. */
  proven(): void;
  /**
   * Notes that a request is under way, which an old connection may end. What it returns is to be called when it has ended.
   * Undefined where the request was one too many, and the connection is closed.
   */
  busy(): (() => void) | undefined;
}

/** Keeps places for those who prove who they are, however many connections others open. */
export interface ConnectionShares {
  /** Takes a connection just accepted; another one, or this, is closed where there are too many. */
  enter(connection: SharedConnection): ConnectionPlace;
  /** Connections that are open, and those of them whose callers have not proven who they are. */
  count(): { open: number; unproven: number };
}

interface Unproven {
  connection: SharedConnection;
  network: string;
  /** Under way, and in all. */
  requests: number;
  asked: number;
  /** Whether it is older than a burst lasts. */
  old: boolean;
  timer?: NodeJS.Timeout;
  burstTimer?: NodeJS.Timeout;
}

/**
 * Starts with no connections. The oldest connection without a proven caller gives its place up to a new one: of the same
 * address where that has more than its share, and of the address that has the most where all places are taken. Whoever proves
 * itself does so within milliseconds; whoever only holds connections open has the oldest.
 * @param options.most open at once
 * @param options.perAddress open at once of one address (of IPv6: one /64) before its callers prove who they are
 * @param options.burst the same for connections that are not older than so many milliseconds: a client may make many at once, and
 * each needs a moment to prove itself. Absent = `perAddress` holds at once
 * @param options.unprovenFor milliseconds from the start of a connection, after which it is closed unless its caller has proven
 * itself; once more as long where a request is under way. Absent = as long as the listener's own limits let it
 * @param options.requests of one connection before its caller proves itself: requests can come in one packet by the hundreds, and
 * are then answered in one turn of the event loop. Absent = no bound
 * @param options.busyStay whether a connection with a request under way stays, and the oldest of the others is closed; the new one
 * where there is no other
 */
export function connectionShares(options: {
  most: number;
  perAddress: number;
  burst?: { perAddress: number; lasts: number };
  unprovenFor?: number | undefined;
  requests?: number;
  busyStay?: boolean;
}): ConnectionShares {
  const { most, perAddress, burst, unprovenFor, requests = Number.POSITIVE_INFINITY, busyStay = false } = options;
  /** Without a proven caller, by address; each the oldest first. */
  const addresses = new Map<string, Set<Unproven>>();
  const open = new Set<SharedConnection>();
  let unproven = 0;

  function leave(entry: Unproven): void {
    clearTimeout(entry.timer);
    clearTimeout(entry.burstTimer);
    const there = addresses.get(entry.network);
    if (there?.delete(entry) === true) {
      unproven -= 1;
      if (there.size === 0) {
        addresses.delete(entry.network);
      }
    }
  }

  function close(entry: Unproven): void {
    leave(entry);
    open.delete(entry.connection);
    entry.connection.destroy();
  }

  function makeRoom(network: string): void {
    const own = addresses.get(network);
    if (own !== undefined && own.size > (burst?.perAddress ?? perAddress)) {
      closeOldest(own);
    } else if (open.size > most) {
      let largest: Set<Unproven> | undefined;
      for (const entries of addresses.values()) {
        largest = largest === undefined || entries.size > largest.size ? entries : largest;
      }
      closeOldest(largest ?? new Set());
    }
  }

  function closeOldest(entries: ReadonlySet<Unproven>): void {
    let entry: Unproven | undefined;
    for (const one of entries) {
      if (!busyStay || one.requests === 0) {
        entry = one;
        break;
      }
    }
    if (entry !== undefined) {
      close(entry);
    }
  }

  /** Closes old connections of an address that has too many, unless a request is under way on them. */
  function trim(network: string): void {
    for (const entry of addresses.get(network) ?? []) {
      if ((addresses.get(network)?.size ?? 0) <= perAddress) {
        break;
      }
      if (entry.old && entry.requests === 0) {
        close(entry);
      }
    }
  }

  function age(entry: Unproven, again: boolean): void {
    if (unprovenFor !== undefined) {
      entry.timer = setTimeout(() => {
        if (again && entry.requests > 0) {
          age(entry, false);
        } else {
          close(entry);
        }
      }, unprovenFor);
    }
  }

  return {
    enter: (connection) => {
      const entry: Unproven = {
        connection,
        network: addressNetwork(connection.remoteAddress ?? ""),
        requests: 0,
        asked: 0,
        old: burst === undefined,
      };
      const there = addresses.get(entry.network) ?? new Set();
      addresses.set(entry.network, there.add(entry));
      open.add(connection);
      unproven += 1;
      connection.once("close", () => {
        leave(entry);
        open.delete(connection);
      });
      age(entry, true);
      if (burst !== undefined) {
        entry.burstTimer = setTimeout(() => {
          entry.old = true;
          // After what has arrived by now was read: it may prove who the caller is.
          setImmediate(() => trim(entry.network));
        }, burst.lasts);
      }
      makeRoom(entry.network);
      return {
        proven: () => leave(entry),
        busy: () => {
          entry.requests += 1;
          entry.asked += 1;
          if (entry.asked > requests && addresses.get(entry.network)?.has(entry) === true) {
            close(entry);
          }
          if (!open.has(connection)) {
            return undefined;
          }
          return () => {
            entry.requests -= 1;
          };
        },
      };
    },
    count: () => ({ open: open.size, unproven }),
  };
}
