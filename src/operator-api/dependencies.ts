import type { Interceptor } from "@connectrpc/connect";
import type { Database } from "../database/connect.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Authenticator } from "./caller/authenticate.ts";
import type { MachineFeed } from "./machine-feed.ts";

/** What is counted of the operator API; the metrics behind it are the caller's. */
export interface OperatorApiCounters {
  /** A call ended; `code` is "ok" or Connect's name of the error, such as "not_found". */
  called(call: { method: string; code: string; seconds: number }): void;
  /** A caller without a valid credential was turned away; `limited` = after too many such attempts. */
  unauthenticated(why: "unauthenticated" | "limited"): void;
}

/** What the handlers and interceptors work with. */
export interface OperatorApiDependencies {
  database: Database;
  /** What an agent needs to reach the control plane. */
  agents: {
    /** host:port, as agents reach it. */
    endpoint: string;
    /** DER of the CA that vouches for the agent API. */
    caCertificate: Uint8Array;
  };
  /** Finds out who calls. */
  authenticator: Authenticator;
  /** Says that machines may have changed. */
  feed: MachineFeed;
  counters: OperatorApiCounters;
  /** Sees every call from its beginning to its end; absent where nobody traces. */
  trace?: Interceptor | undefined;
  /** Aborts when the listener begins to drain: streams without an end are ended. */
  stopping?: AbortSignal;
  /** The machine's own where none is given. */
  clock?: Clock;
  log: Logger;
}
