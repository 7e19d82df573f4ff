import pg from "pg";
import { errorCode } from "../../lib/errors.ts";
import type { DatabaseAddress, DatabaseHost, PrimaryFinder } from "../address/database-address.ts";
import { clientConfig } from "./client-config.ts";
import { DatabaseError, isUnavailable, lockNotAvailable, readOnlyText } from "../errors.ts";
import { holderTell } from "./lock-held.ts";
import { socketOf } from "./socket.ts";

/** Callbacks for events of a connection. */
export interface ClientHooks {
  /** The database, or the connection to it, failed with an error of this code. */
  failed?: (code: string) => void;
}

/** Fields of node-postgres that no type declares, but that have always existed. */
interface Inside {
  host: string;
  port: number;
  readyForQuery: boolean | null;
  connection: NodeJS.EventEmitter;
}

/** A connection to an address, not yet connected. */
export function clientOpen(address: DatabaseAddress, settings: pg.ClientConfig): pg.Client {
  return new (clientClass(address, {}))(clientConfig(address, settings));
}

/**
 * The client class for an address. It reports errors. With several hosts it connects to the current primary, and its
 * connection is closed when the primary changes.
 */
export function clientClass(address: DatabaseAddress, { failed }: ClientHooks): typeof pg.Client {
  const primary = "hosts" in address ? address.primary : undefined;
  return class extends pg.Client {
    #place: DatabaseHost | undefined;
    /** Reported by servers from PostgreSQL 14 on when a client connects. */
    #hotStandby: string | undefined;

    constructor(config?: string | pg.ClientConfig) {
      super(config);
      // A connection may break before the pool adds its own listener, and without a listener that would end the
      // process. Its user gets the error from its own query.
      this.on("error", () => undefined);
      const { connection } = this as unknown as Inside;
      const tell = (error: unknown): void => {
        failed?.(errorCode(error) ?? "unknown");
        if (this.#place !== undefined && isUnavailable(error)) {
          primary?.doubt(this.#place);
        }
      };
      connection.on("errorMessage", (error: unknown) => {
        if (errorCode(error) === lockNotAvailable) {
          holderTell(this, error);
        }
        tell(error);
      });
      connection.on("error", tell);
      connection.on("parameterStatus", (parameter: { parameterName: string; parameterValue: string }) => {
        if (parameter.parameterName === "in_hot_standby") {
          this.#hotStandby = parameter.parameterValue;
        }
      });
    }

    override connect(): Promise<pg.Client>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | void {
      const connected = primary === undefined ? super.connect() : this.#connectTo(primary, () => super.connect());
      if (callback === undefined) {
        return connected;
      }
      connected.then(
        () => callback(null as unknown as Error),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
      );
    }

    async #connectTo(following: PrimaryFinder, go: () => Promise<pg.Client>): Promise<pg.Client> {
      const place = await following.find();
      const inside = this as unknown as Inside;
      // The pool has given up waiting.
      if (socketOf(this).destroyed) {
        throw Object.assign(new Error("it took too long to find the database's primary"), { code: "ETIMEDOUT" });
      }
      this.#place = place;
      inside.host = place.host;
      inside.port = place.port;
      try {
        // Followed before it connects, so that an attempt to reach a host that is cut off is abandoned as soon as the
        // primary is found elsewhere.
        following.follow({
          host: place,
          busy: () => inside.readyForQuery !== true,
          socket: () => socketOf(this),
          closed: (listener) => void this.once("end", listener),
        });
        await go();
        if (this.#hotStandby !== "off" && (await this.#isStandby())) {
          throw new DatabaseError("unavailable", readOnlyText);
        }
      } catch (error) {
        following.doubt(place);
        await this.end().catch(() => undefined); // The connection is broken already.
        throw error;
      }
      return this;
    }

    async #isStandby(): Promise<boolean> {
      const { rows } = await this.query<{ standby: boolean }>("SELECT pg_is_in_recovery() AS standby");
      return rows[0]?.standby !== false;
    }
  };
}
