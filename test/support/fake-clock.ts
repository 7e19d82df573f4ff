import type { Clock } from "../../src/lib/clock.ts";
import { waitFor } from "./wait.ts";

interface Sleeper {
  readonly due: number;
  wake(): void;
}

/** Time that passes only when the test says so. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #sleeping = new Set<Sleeper>();

  monotonic(): number {
    return this.#now;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#sleeping.delete(sleeper);
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        due: this.#now + Math.max(0, milliseconds),
        wake: () => {
          this.#sleeping.delete(sleeper);
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      this.#sleeping.add(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** How many are asleep. */
  get sleepers(): number {
    return this.#sleeping.size;
  }

  /** Milliseconds until the next one wakes. */
  get nextIn(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.due - this.#now;
  }

  /** Waits until at least `count` are asleep: what is under test has come to its next wait. */
  async untilSleeping(count = 1): Promise<void> {
    await waitFor(`${count} sleepers`, () => this.#sleeping.size >= count || Promise.reject(this.#describe()));
  }

  /** Lets time pass, waking each sleeper at its own time, also those that fall asleep again on the way. */
  async advance(milliseconds: number): Promise<void> {
    const target = this.#now + milliseconds;
    for (let next = this.#next(); next !== undefined && next.due <= target; next = this.#next()) {
      this.#now = Math.max(this.#now, next.due);
      next.wake();
      await settle();
    }
    this.#now = target;
    await settle();
  }

  #next(): Sleeper | undefined {
    return [...this.#sleeping].toSorted((a, b) => a.due - b.due)[0];
  }

  #describe(): Error {
    return new Error(`${this.#sleeping.size} asleep, the next wakes in ${this.nextIn ?? "no"} ms`);
  }
}

/** Lets promises that are already decided run on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
