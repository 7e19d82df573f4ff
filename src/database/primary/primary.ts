import type { Socket } from "node:net";
import type { DatabaseHost, UrlAddress } from "../address/database-address.ts";
import { DatabaseError } from "../errors.ts";
import { placeName, primaryDecide, sameHost, type PrimaryKnown } from "./primary-decide.ts";
import { primaryLook } from "./primary-look.ts";

/** A connection that is to be left when the primary is another. */
export interface Followed {
  readonly host: DatabaseHost;
  /** Whether an answer is waited for. */
  busy(): boolean;
  /** Its stream; another one once TLS has begun. */
  socket(): Socket;
}

/** Milliseconds: how often connections are looked at, how long one may wait for an answer before the hosts are asked. */
const tick = 250;
const patience = 1_000;
/** Milliseconds between looks at all hosts while nothing suggests that the primary is another. */
const regular = 5_000;
/** Milliseconds that a look that found no primary is good for: those who try again meanwhile share it. */
const goodFor = 100;
/** Milliseconds that a primary which was found waits for a newer one to answer too. */
const grace = 200;

/**
 * Knows which of several hosts is the primary. One object is shared by all connections of a process, so that they all leave
 * together: at once when a connection breaks, or waits for a second for an answer; at the latest after five seconds when the old
 * primary is demoted, or another one was promoted beside it.
 */
export class Primary {
  readonly #address: UrlAddress;
  readonly #followed = new Set<Followed>();
  #known: PrimaryKnown = { timeline: 0 };
  #doubted = true;
  #looking: Promise<DatabaseHost> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #failed: { at: number; error: DatabaseError } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: UrlAddress) {
    this.#address = address;
  }

  /**
   * Where the primary is, as known, or by a look at all hosts where that is in doubt. Where none says that it is the primary, the one
   * that was it, unless it says that it is not.
   * @throws {DatabaseError} `unavailable`, saying how each host stands
   */
  async find(): Promise<DatabaseHost> {
    const { host } = this.#known;
    if (host !== undefined && !this.#doubted) {
      return host;
    }
    if (this.#failed !== undefined && performance.now() - this.#failed.at < goodFor) {
      throw this.#failed.error;
    }
    return this.#look();
  }

  /** Something failed as it does when the primary is gone or is none any more: the next one that connects looks first. */
  doubt(): void {
    this.#doubted = true;
  }

  /** Watches over a connection until it is closed. */
  follow(connection: Followed): void {
    const socket = connection.socket();
    this.#followed.add(connection);
    socket.once("close", () => {
      this.#followed.delete(connection);
      if (this.#followed.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    });
    // Unreferenced: it keeps no process alive.
    this.#timer ??= setInterval(this.#watch(), tick).unref();
  }

  /** Looks at all hosts when a connection waits for too long, and now and then. */
  #watch(): () => void {
    const waiting = new WeakMap<Followed, { read: number; since: number }>();
    return () => {
      const now = performance.now();
      let stuck = false;
      for (const connection of this.#followed) {
        const { bytesRead } = connection.socket();
        const before = waiting.get(connection);
        if (!connection.busy()) {
          waiting.delete(connection);
        } else if (before?.read === bytesRead) {
          stuck ||= now - before.since >= patience;
        } else {
          waiting.set(connection, { read: bytesRead, since: now });
        }
      }
      if (this.#looking === undefined && now - this.#lookedAt >= (stuck || this.#doubted ? patience : regular)) {
        // What comes of it is in what is known; that there is none now, the next connection says.
        this.#look().catch(() => undefined);
      }
    };
  }

  #look(): Promise<DatabaseHost> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = undefined;
      this.#lookedAt = performance.now();
    });
    return this.#looking;
  }

  async #ask(): Promise<DatabaseHost> {
    this.#doubted = false;
    const looks: Parameters<typeof primaryDecide>[1][number][] = [];
    const found = Promise.withResolvers<void>();
    const all = Promise.all(
      this.#address.hosts.map(async (host) => {
        looks.push({ host, look: await primaryLook(this.#address, host) });
        if (primaryDecide(this.#known, looks).kind === "found") {
          found.resolve();
        }
      }),
    );
    const graceOver = found.promise.then(() => new Promise((resolve) => void setTimeout(resolve, grace)));
    await Promise.race([all, graceOver]);
    const decision = primaryDecide(this.#known, looks);
    if (decision.kind === "none") {
      this.#doubted = true;
      this.#leave((host) => decision.left.some((each) => sameHost(host, each)));
      const { host } = this.#known;
      if (host !== undefined && !decision.left.some((each) => sameHost(host, each))) {
        // Silence proves nothing against the primary that is known: this process may be the one that is late.
        return host;
      }
      const error = new DatabaseError("unavailable", `no primary of the database is there: ${decision.reason}`);
      this.#failed = { at: performance.now(), error };
      throw error;
    }
    this.#known = decision.known;
    this.#failed = undefined;
    const { host } = decision.known;
    this.#leave((other) => !sameHost(other, host));
    return host;
  }

  /** Breaks connections, so that what waits on them tries elsewhere. */
  #leave(which: (host: DatabaseHost) => boolean): void {
    for (const connection of [...this.#followed].filter(({ host }) => which(host))) {
      const error = new Error(`${placeName(connection.host)} is not the database's primary any more`);
      connection.socket().destroy(Object.assign(error, { code: "ECONNRESET" }));
    }
  }
}
