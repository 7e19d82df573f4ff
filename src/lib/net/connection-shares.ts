import { addressNetwork } from "./address-limit.ts";

/** A connection as its listener accepted it. */
export interface SharedConnection {
  readonly remoteAddress?: string | undefined;
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** A connection's place among the open ones; free again when the connection closes. */
export interface ConnectionPlace {
  /** The caller has authenticated: the connection is no longer closed in favour of another, nor for its age. */
  proven(): void;
  /**
   * Records a running request, which an old connection may finish. Call the returned function when the request has
   * ended. Undefined if it was one request too many; the connection is closed.
   */
  busy(): (() => void) | undefined;
}

/** Keeps places for callers that authenticate, however many connections others open. */
export interface ConnectionShares {
  /** Takes a newly accepted connection; if there are too many, another one or this one is closed. */
  enter(connection: SharedConnection): ConnectionPlace;
  /** The number of open connections, and of those without an authenticated caller. */
  count(): { open: number; unproven: number };
}

interface Unproven {
  connection: SharedConnection;
  network: string;
  /** Running requests, and all requests so far. */
  requests: number;
  asked: number;
  /** Whether it is older than the time of a burst. */
  old: boolean;
  timer?: NodeJS.Timeout;
  burstTimer?: NodeJS.Timeout;
}

/**
 * Starts without connections. A new connection takes the place of the oldest unauthenticated one: of the same address
 * if that has more than its share, or of the address with the most if all places are taken. Callers that authenticate
 * do so within milliseconds; callers that only hold connections open have the oldest.
 * @param options.most maximum of open connections
 * @param options.perAddress maximum of unauthenticated ones per address (for IPv6 per /64)
 * @param options.burst a higher maximum for connections younger than its milliseconds, because a client may open many
 * at once, and each needs a moment to authenticate. Absent: `perAddress` applies at once
 * @param options.unprovenFor milliseconds from the start of a connection, after which it is closed unless its caller
 * has authenticated; twice as long while a request is running. Absent: only the listener's own limits apply
 * @param options.requests maximum of requests on an unauthenticated connection, because one packet may bring hundreds,
 * which are answered in one turn of the event loop. Absent: no limit
 * @param options.busyStay whether a connection with a running request is kept and the oldest of the others closed; if
 * there is no other, the new one is closed
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
  /** Unauthenticated connections by address, oldest first. */
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

  /** Closes old connections of an address that has too many, unless a request is running on them. */
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
          // After the data received so far was read, which may authenticate the caller.
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
