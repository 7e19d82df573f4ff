import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** One PostgreSQL server: a host name, IP address or Unix socket directory, and its port. */
export interface DatabaseHost {
  readonly host: string;
  readonly port: number;
}

/** One PostgreSQL, reached without TLS. */
export interface SingleAddress extends DatabaseHost {
  readonly user: string;
  readonly database: string;
}

/** A connection to close when the primary changes. */
export interface Followed {
  readonly host: DatabaseHost;
  /** Whether it waits for an answer. */
  busy(): boolean;
  /** Its stream, which changes when TLS begins. */
  socket(): Socket;
  /** Registers a listener for the connection's end. */
  closed(listener: () => void): void;
}

/** Knows which of several hosts is the primary: `Primary` of database/primary/. */
export interface PrimaryFinder {
  /** The host of the primary. @throws {DatabaseError} `unavailable`, with the state of each host */
  find(): Promise<DatabaseHost>;
  /** A connection to this host failed in a way that suggests a failover. */
  doubt(host: DatabaseHost): void;
  /** Watches a connection from before it connects until it is closed. */
  follow(connection: Followed): void;
}

/** A parsed URL. For missing parts node-postgres uses its own defaults: PGUSER, PGPASSWORD, ~/.pgpass and so on. */
export interface UrlAddress {
  readonly hosts: readonly [DatabaseHost, ...DatabaseHost[]];
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  /** Settings for the server, in the syntax of its command line. */
  readonly options?: string;
  readonly ssl: false | ConnectionOptions;
  /** The server must prove by SCRAM channel binding that it is the end of this TLS connection. */
  readonly channelBinding: boolean;
  /** Finds which of several hosts is the primary; absent if there is one host. */
  readonly primary?: PrimaryFinder;
}

/** The address of a PostgreSQL server. */
export type DatabaseAddress = SingleAddress | UrlAddress;

/** The hosts of an address. */
export function addressHosts(address: DatabaseAddress): readonly DatabaseHost[] {
  return "hosts" in address ? address.hosts : [address];
}
