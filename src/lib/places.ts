/** A semaphore: a fixed number of places. Callers without a free place wait, first come, first served. */
export class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** Runs `action` in a place. If the signal aborts before a place is free, rejects with the signal's reason. */
  async within<Value>(signal: AbortSignal, action: () => Promise<Value>): Promise<Value> {
    await this.#take(signal);
    try {
      return await action();
    } finally {
      this.#give();
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    const abort = (): void => {
      const index = this.#waiting.indexOf(turn.resolve);
      // If it is no longer queued, it has just got its place and gives it back as usual.
      if (index >= 0) {
        this.#waiting.splice(index, 1);
        turn.reject(signal.reason);
      }
    };
    this.#waiting.push(turn.resolve);
    signal.addEventListener("abort", abort, { once: true });
    await turn.promise.finally(() => signal.removeEventListener("abort", abort));
  }

  #give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#free += 1;
    } else {
      next();
    }
  }
}
