import { randomBytes } from "node:crypto";

interface Session {
  token: string;
  /** The clock's milliseconds of its last use. */
  usedAt: number;
}

/** The sessions of one simulated controller. */
export class SimulatedSessions {
  /** Maximum number of concurrent sessions; further ones are refused (row 28). */
  most = 8;
  /** Milliseconds after which an unused session ends. */
  idle = 300_000;
  /** Number of sessions that were ever made. */
  made = 0;
  readonly #now: () => number;
  readonly #open = new Map<string, Session>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get open(): number {
    this.#expire();
    return this.#open.size;
  }

  get ids(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Makes a session; undefined = there are too many. */
  make(): { id: string; token: string } | undefined {
    this.#expire();
    if (this.#open.size >= this.most) {
      return undefined;
    }
    this.made += 1;
    const id = String(this.made);
    const token = randomBytes(16).toString("hex");
    this.#open.set(id, { token, usedAt: this.#now() });
    return { id, token };
  }

  /** Whether the token belongs to a session, which this call keeps alive. */
  use(token: string): boolean {
    this.#expire();
    for (const session of this.#open.values()) {
      if (session.token === token) {
        session.usedAt = this.#now();
        return true;
      }
    }
    return false;
  }

  end(id: string): boolean {
    return this.#open.delete(id);
  }

  /** Ends all sessions, as a restart does. */
  endAll(): void {
    this.#open.clear();
  }

  #expire(): void {
    for (const [id, { usedAt }] of this.#open) {
      if (this.#now() - usedAt > this.idle) {
        this.#open.delete(id);
      }
    }
  }
}
