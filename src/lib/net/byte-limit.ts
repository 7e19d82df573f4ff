/** A connection with the number of bytes that it has received. */
export interface CountedConnection {
  readonly bytesRead: number;
}

/** The limit on one connection. */
export interface ByteWatch {
  /** Restarts the count; must be called for each call that starts, and for none that is reset before. */
  called(): void;
  /** Ends the watch. */
  end(): void;
}

/**
 * Limits the bytes that a connection may send between two calls while its caller is unauthenticated. Frames that lead
 * to no call cost time too, such as header blocks that unpack to megabytes, and the HTTP/2 library does not report
 * them.
 */
export interface ByteLimit extends Disposable {
  /** Calls `exceeded` once, when the connection is over the limit. */
  watch(connection: CountedConnection, exceeded: () => void): ByteWatch;
}

/**
 * Milliseconds between two checks; counting at each packet would cost more than it saves. In one turn of the event loop
 * Node reads at most 512 KiB of a TLS connection. As header blocks of one-byte references they take 10 ms to unpack, so
 * checks that are far apart would let one connection take the whole thread meanwhile.
 */
const every = 25;

/**
 * Creates the limit.
 * @param most.unused the maximum number of bytes of a connection without a call
 * @param most.perCall the maximum number of bytes from one of its calls to the next
 */
export function byteLimit(most: { unused: number; perCall: number }): ByteLimit {
  const watched = new Map<CountedConnection, { until: number; exceeded: () => void }>();
  let timer: NodeJS.Timeout | undefined;

  function check(): void {
    timer = undefined;
    for (const [connection, { until, exceeded }] of watched) {
      if (connection.bytesRead > until) {
        watched.delete(connection);
        exceeded();
      }
    }
    schedule();
  }

  function schedule(): void {
    if (watched.size > 0) {
      timer ??= setTimeout(check, every).unref();
    }
  }

  return {
    watch: (connection, exceeded) => {
      const entry = { until: most.unused, exceeded };
      watched.set(connection, entry);
      schedule();
      return {
        called: () => {
          entry.until = connection.bytesRead + most.perCall;
        },
        end: () => void watched.delete(connection),
      };
    },
    [Symbol.dispose]: () => {
      watched.clear();
      clearTimeout(timer);
    },
  };
}
