import type { DatabaseHost, Followed, PrimaryFinder, UrlAddress } from "../address/database-address.ts";
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

/**
 * Milliseconds: between two checks of all connections (`tick`), and how long a connection may wait for an answer before
 * all hosts are asked (`stuckAfter`).
 */
const tick = 250;
const patience = 500;
/**
 * Milliseconds between two searches: while a connection waits for its answer, and while nothing suggests another
 * primary.
 */
const stuckInterval = 1_000;
const regularInterval = 5_000;
/**
 * Milliseconds: between two questions to one host within a search (`pace`), and how long a search without a primary
 * goes on (`searchLimit`).
 */
const pace = 100;
const searchLimit = 1_200;
/** Milliseconds for which a search without a primary is valid: callers that retry meanwhile share its result. */
const goodFor = 100;
/** Milliseconds that a found primary waits for a newer one to answer too. */
const grace = 200;

/**
 * Knows which of several hosts is the primary. All connections of a process share one object, so that they all change
 * together: at once when a connection breaks or waits half a second for an answer; within five seconds when the old
 * primary is demoted, or another host is promoted beside it. While there is no primary, each host is asked ten times a
 * second, and new connections wait for the result, so a standby is used within a tenth of a second of its promotion.
 */
export class Primary implements PrimaryFinder {
  readonly #address: UrlAddress;
  readonly #followed = new Set<Followed>();
  #known: PrimaryKnown = { timeline: 0 };
  /** Hosts, and when a connection to them last failed in a way that suggests a failover (performance.now()). */
  readonly #doubts = new Map<string, number>();
  #looking: Promise<DatabaseHost> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #failed: { at: number; error: DatabaseError } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: UrlAddress) {
    this.#address = address;
  }

  /**
   * The host of the primary: the known one, or if that is in doubt, the result of asking all hosts, which waits up to
   * 1.2 s for a primary. If no host says that it is the primary, the previous one is returned unless it says that it is
   * not.
   * @throws {DatabaseError} `unavailable`, with the state of each host
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

  /** A connection to this host failed in a way that suggests a failover: the next new connection searches first. */
  doubt(host: DatabaseHost): void {
    this.#doubts.set(placeName(host), performance.now());
  }

  /**
   * True if no primary is known, or the known one is in doubt. Doubts about a host that is no longer used do not count.
   */
  #doubted(): boolean {
    const { host } = this.#known;
    return host === undefined || this.#doubts.has(placeName(host));
  }

  /** Watches a connection from before it connects until it is closed. */
  follow(connection: Followed): void {
    this.#followed.add(connection);
    connection.closed(() => {
      this.#followed.delete(connection);
      if (this.#followed.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    });
    // Unreferenced, so that it keeps no process alive.
    this.#timer ??= setInterval(this.#watch(), tick).unref();
  }

  /** Searches when a connection waits too long, and periodically. */
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
        // The result is stored; if there is no primary now, the next connection reports it.
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
        // Silence proves nothing against the known primary: this process itself may be slow.
        this.doubt(host);
        return host;
      }
      const error = new DatabaseError("unavailable", `the database has no primary now: ${decision.reason}`);
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

  /** Asks all hosts until there is a primary and each other host has had its time to answer, or until `searchLimit`. */
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

  /** Closes connections, so that their waiting users retry elsewhere. */
  #leave(which: (host: DatabaseHost) => boolean): void {
    for (const connection of [...this.#followed].filter(({ host }) => which(host))) {
      const error = new Error(`${placeName(connection.host)} is no longer the database's primary`);
      connection.socket().destroy(Object.assign(error, { code: "ECONNRESET" }));
    }
  }
}
