/**
 * The places for one process's connections to controllers. A connection takes a place before it is made, and gives it
 * back when it is closed. While others wait, idle connections are closed, the longest idle first.
 */
export class ControllerConnections {
  /** Maximum number of connections. */
  readonly most: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];
  /** How each idle connection is closed, the longest idle first. */
  readonly #idle = new Map<object, () => void>();

  readonly #changed: (open: number) => void;

  /** @param changed is called with the number of connections whenever it changes */
  constructor(most: number, changed: (open: number) => void = () => undefined) {
    this.most = most;
    this.#changed = changed;
  }

  /** Number of connections that are open or being made. */
  get open(): number {
    return this.#taken;
  }

  /** Resolves once there is a place, first come, first served. Each place must be given back. */
  async take(): Promise<void> {
    if (this.#taken < this.most) {
      this.#taken += 1;
      this.#changed(this.#taken);
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    this.#closeIdle();
    await turn.promise;
  }

  /** Gives a place back. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#taken -= 1;
      this.#changed(this.#taken);
    } else {
      next();
    }
  }

  /** Runs `action` in a place. */
  async within<Value>(action: () => Promise<Value>): Promise<Value> {
    await this.take();
    try {
      return await action();
    } finally {
      this.give();
    }
  }

  /** A connection has become idle: `close` is called if somebody waits for a place. */
  idle(connection: object, close: () => void): void {
    this.#idle.set(connection, close);
    if (this.#waiting.length > 0) {
      this.#closeIdle();
    }
  }

  /** A connection is in use again, or closed. */
  busy(connection: object): void {
    this.#idle.delete(connection);
  }

  #closeIdle(): void {
    const [first] = this.#idle;
    if (first !== undefined) {
      const [connection, close] = first;
      this.#idle.delete(connection);
      close();
    }
  }
}
