/** One reader for all that follow the same thing. It runs while there is a follower. */
export interface SharedTail<Follower> {
  /**
   * Makes a follower, which the reader serves until it calls `close`. `ready` resolves once the reader has begun; what was
   * committed before may be missing.
   */
  follow(make: (ready: Promise<void>, close: () => void) => Follower): Follower;
}

/**
 * Shares a reader. `read` calls `ready` once it has a place to read from, and serves all followers until `end`; its error
 * is told to the followers, and the next one starts another reader. `stopping` ends it.
 */
export function sharedTail<Follower extends { fail(error: unknown): void }>(
  read: (followers: ReadonlySet<Follower>, ready: () => void, end: AbortSignal) => Promise<void>,
  stopping?: AbortSignal,
): SharedTail<Follower> {
  const followers = new Set<Follower>();
  let running: { ready: Promise<void>; stop: AbortController } | undefined;

  const start = (): { ready: Promise<void>; stop: AbortController } => {
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    // Followers await it themselves; there may be none left.
    ready.promise.catch(() => undefined);
    const own = { ready: ready.promise, stop };
    const end = stopping === undefined ? stop.signal : AbortSignal.any([stop.signal, stopping]);
    void read(followers, ready.resolve, end).catch((error: unknown) => {
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
    follow: (make) => {
      running ??= start();
      const follower = make(running.ready, () => {
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
