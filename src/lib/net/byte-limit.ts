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

/** Milliseconds between two checks. Counting at each packet would cost more than it saves. */
const every = 250;

/** Creates the limit. @param most the maximum number of bytes on one connection between two of its calls */
export function byteLimit(most: number): ByteLimit {
  const watched = new Map<CountedConnection, { from: number; exceeded: () => void }>();
  const timer = setInterval(() => {
    for (const [connection, { from, exceeded }] of watched) {
      if (connection.bytesRead - from > most) {
        watched.delete(connection);
        exceeded();
      }
    }
  }, every);
  timer.unref();
  return {
    watch: (connection, exceeded) => {
      const entry = { from: 0, exceeded };
      watched.set(connection, entry);
      return {
        called: () => {
          entry.from = connection.bytesRead;
        },
        end: () => void watched.delete(connection),
      };
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
