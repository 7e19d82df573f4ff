import pg from "pg";
import { errorCode } from "../../lib/errors.ts";
import type { DatabaseAddress, DatabaseHost } from "../address/database-address.ts";
import { clientConfig } from "./client-config.ts";
import { DatabaseError, isUnavailable, lockNotAvailable, readOnlyText } from "../errors.ts";
import { holderTell } from "./lock-held.ts";
import type { Primary } from "../primary/primary.ts";
import { socketOf } from "./socket.ts";

/** What a connection says while it lives. */
export interface ClientHooks {
  /** The database, or the way to it, answered with an error of this code. */
  failed?: (code: string) => void;
}

/** Not in the types of node-postgres, but there since it exists. */
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
 * The class of an address's connections: it tells of errors, and where there are several hosts it connects to the primary, wherever that
 * is at the time, and is left when that is another.
 */
export function clientClass(address: DatabaseAddress, { failed }: ClientHooks): typeof pg.Client {
  const primary = "hosts" in address ? address.primary : undefined;
  return class extends pg.Client {
    #place: DatabaseHost | undefined;
    /** As a server says when one connects, from PostgreSQL 14 on. */
    #hotStandby: string | undefined;

    constructor(config?: string | pg.ClientConfig) {
      super(config);
      // A connection may break between its start and the pool's own listener: without one here that would end the process. What
      // used it is told by its own query.
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

    async #connectTo(following: Primary, go: () => Promise<pg.Client>): Promise<pg.Client> {
      const place = await following.find();
      const inside = this as unknown as Inside;
      // Its pool gave up waiting.
      if (socketOf(this).destroyed) {
        throw Object.assign(new Error("it took too long to find the database's primary"), { code: "ETIMEDOUT" });
      }
      this.#place = place;
      inside.host = place.host;
      inside.port = place.port;
      try {
        // From before it connects: one that waits for a host that is cut off is left as soon as the primary is found elsewhere.
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
        await this.end().catch(() => undefined); // It is broken already.
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
