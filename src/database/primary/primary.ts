import type { Socket } from "node:net";
import type { DatabaseHost, UrlAddress } from "../address/database-address.ts";
import { DatabaseError } from "../errors.ts";
import {
  placeName,
  primaryDecide,
  sameHost,
  type PrimaryDecision,
  type PrimaryKnown,
  type PrimaryLook,
} from "./primary-decide.ts";
import { primaryLooks } from "./primary-look.ts";

/** A connection that is to be left when the primary is another. */
export interface Followed {
  readonly host: DatabaseHost;
  /** Whether an answer is waited for. */
  busy(): boolean;
  /** Its stream; another one once TLS has begun. */
  socket(): Socket;
  /** Calls the listener once the connection is closed. */
  closed(listener: () => void): void;
}

/** Milliseconds between checks of all connections, and how long one may wait for an answer before the hosts are asked. */
const tick = 250;
const patience = 500;
/** Milliseconds between looks at all hosts: while a connection waits for its answer; while nothing suggests another primary. */
const stuckInterval = 1_000;
const regularInterval = 5_000;
/** Milliseconds between questions to one host within a look, and how long a look goes on that finds no primary. */
const pace = 100;
const searchLimit = 1_200;
/** Milliseconds that a look which found no primary is good for: those who try again meanwhile share it. */
const goodFor = 100;
/** Milliseconds that a primary which was found waits for a newer one to answer too. */
const grace = 200;

/**
 * Knows which of several hosts is the primary. One object is shared by all connections of a process, so that they all leave
 * together: at once when a connection breaks, or waits half a second for an answer; at the latest after five seconds when the old
 * primary is demoted, or another one was promoted beside it. While there is no primary, each host is asked ten times a second, and those
 * who want to connect wait for what comes of it: a standby is used within a tenth of a second of its promotion.
 */
export class Primary {
  readonly #address: UrlAddress;
  readonly #followed = new Set<Followed>();
  #known: PrimaryKnown = { timeline: 0 };
  /** Hosts, and when a connection to them last failed as it does when the primary is gone (performance.now()). */
  readonly #doubts = new Map<string, number>();
  #looking: Promise<DatabaseHost> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #failed: { at: number; error: DatabaseError } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: UrlAddress) {
    this.#address = address;
  }

  /**
   * Where the primary is, as known, or by a look at all hosts where that is in doubt: a look waits up to 1.2 s for a primary. Where none
   * says that it is the primary, the one that was it, unless it says that it is not.
   * @throws {DatabaseError} `unavailable`, saying how each host stands
   */
  async find(): Promise<DatabaseHost> {
    const { host } = this.#known;
    if (host !== undefined && !this.#doubted()) {
      return host;
    }
    if (this.#failed !== undefined && performance.now() - this.#failed.at < goodFor) {
      throw this.#failed.error;
    }
    return this.#look();
  }

  /** A connection to this host failed as it does when the primary is gone or is none any more: the next one that connects looks first. */
  doubt(host: DatabaseHost): void {
    this.#doubts.set(placeName(host), performance.now());
  }

  /** Nothing is known, or there is a doubt about what is known; doubts about a host that was left already change nothing. */
  #doubted(): boolean {
    const { host } = this.#known;
    return host === undefined || this.#doubts.has(placeName(host));
  }

  /** Watches over a connection until it is closed, from before it connects. */
  follow(connection: Followed): void {
    this.#followed.add(connection);
    connection.closed(() => {
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
      const interval = stuck ? stuckInterval : regularInterval;
      if (this.#looking === undefined && (this.#doubted() || now - this.#lookedAt >= interval)) {
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
    const begun = performance.now();
    const decision = await this.#search();
    if (decision.kind === "none") {
      const { host } = this.#known;
      if (host !== undefined && !decision.left.some((each) => sameHost(host, each))) {
        // Silence proves nothing against the primary that is known: this process may be the one that is late.
        this.doubt(host);
        return host;
      }
      const error = new DatabaseError("unavailable", `no primary of the database is there: ${decision.reason}`);
      this.#failed = { at: performance.now(), error };
      throw error;
    }
    this.#known = decision.known;
    this.#failed = undefined;
    for (const [place, at] of this.#doubts) {
      if (at < begun) {
        this.#doubts.delete(place);
      }
    }
    const { host } = decision.known;
    this.#leave((other) => !sameHost(other, host));
    return host;
  }

  /** Asks all hosts until there is a primary and each of the others has had its time to answer, or until `searchLimit`. */
  async #search(): Promise<PrimaryDecision> {
    const { hosts } = this.#address;
    const looks = new Map<DatabaseHost, PrimaryLook>();
    const decide = (): PrimaryDecision =>
      primaryDecide(
        this.#known,
        [...looks].map(([host, look]) => ({ host, look })),
      );
    const over = new AbortController();
    const ended = new Promise<void>((resolve) => over.signal.addEventListener("abort", () => resolve()));
    const end = (): void => over.abort();
    const timers = [setTimeout(end, searchLimit)];
    const seen = (host: DatabaseHost, look: PrimaryLook): void => {
      looks.set(host, look);
      const decision = decide();
      if (decision.kind === "none") {
        this.#leave((each) => decision.left.some((left) => sameHost(each, left)));
      } else if (looks.size === hosts.length) {
        end();
      } else if (timers.length === 1) {
        timers.push(setTimeout(end, grace));
      }
    };
    for (const host of hosts) {
      void primaryLooks(this.#address, host, { pace, signal: over.signal, seen: (look) => seen(host, look) });
    }
    await ended;
    for (const timer of timers) {
      clearTimeout(timer);
    }
    return decide();
  }

  /** Breaks connections, so that what waits on them tries elsewhere. */
  #leave(which: (host: DatabaseHost) => boolean): void {
    for (const connection of [...this.#followed].filter(({ host }) => which(host))) {
      const error = new Error(`${placeName(connection.host)} is not the database's primary any more`);
      connection.socket().destroy(Object.assign(error, { code: "ECONNRESET" }));
    }
  }
}
