import type { ConnectionOptions } from "node:tls";
import type { Primary } from "../primary/primary.ts";

/** One PostgreSQL: a name or address, or a Unix socket's directory, and its port. */
export interface DatabaseHost {
  readonly host: string;
  readonly port: number;
}

/** One PostgreSQL, reached without TLS. */
export interface SingleAddress extends DatabaseHost {
  readonly user: string;
  readonly database: string;
}

/** What a URL says. What it leaves out is what node-postgres takes then: PGUSER, PGPASSWORD, ~/.pgpass and so on. */
export interface UrlAddress {
  readonly hosts: readonly [DatabaseHost, ...DatabaseHost[]];
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  /** Settings for the server, as its command line takes them. */
  readonly options?: string;
  readonly ssl: false | ConnectionOptions;
  /** The server must prove over SCRAM that it is the one at this end of the TLS connection. */
  readonly channelBinding: boolean;
  /** Which of the hosts is the primary; absent = it is not looked for: there is one host. */
  readonly primary?: Primary;
}

/** Where PostgreSQL is. */
export type DatabaseAddress = SingleAddress | UrlAddress;

/** The hosts of an address. */
export function addressHosts(address: DatabaseAddress): readonly DatabaseHost[] {
  return "hosts" in address ? address.hosts : [address];
}
