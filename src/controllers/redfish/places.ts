/** A number of places: who finds none free waits for one, in the order of asking. */
export class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** Carries out `action` in a place. Rejects with the signal's reason when that is aborted before its turn. */
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
      // Its turn may have come in this moment: then the place is taken, and given back as usual.
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
