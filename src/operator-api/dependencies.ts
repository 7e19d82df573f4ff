import type { Interceptor } from "@connectrpc/connect";
import type { Database } from "../database/connect.ts";
import type { OwnHost } from "../events/webhook-send.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { FollowedKeyRing } from "../secrets/key-ring-follow.ts";
import type { UserDataSchema } from "../profiles/cloud-init-schema.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import type { Authenticator } from "./caller/authenticate.ts";
import type { MachineFeed } from "./machine-feed.ts";

/** The counters of the operator API; the caller connects them to metrics. */
export interface OperatorApiCounters {
  /** A call ended; `code` is "ok" or Connect's name of the error, such as "not_found". */
  called(call: { method: string; code: string; seconds: number }): void;
  /** A caller without a valid credential was refused; `limited` after too many attempts. */
  unauthenticated(why: "unauthenticated" | "limited"): void;
}

/** What the handlers and interceptors need. */
export interface OperatorApiDependencies {
  database: Database;
  /** Connections for the audit alone, so that its entries do not wait behind calls; absent = `database`. */
  auditDatabase?: Database;
  /** How an agent reaches the control plane. */
  agents: {
    /** The endpoint, "HOST:PORT". */
    endpoint: string;
    /** DER of the CA of the agent port's certificate. */
    caCertificate: Uint8Array;
  };
  /** Seals and opens what is secret in the database. */
  secrets: KeyRing;
  /** The key file of this server. */
  secretsKeys: Pick<FollowedKeyRing, "offer" | "warning" | "keyFile" | "look">;
  /** What cloud-init would object to in a profile's user data; absent = it is not asked. */
  userDataSchema?: UserDataSchema | undefined;
  /** Identifies callers. */
  authenticator: Authenticator;
  /** Signals that machines may have changed. */
  feed: MachineFeed;
  /** Says that operations may have ended. */
  operationFeed: MachineFeed;
  /** Which of this host's own addresses webhooks may not call. */
  host: OwnHost;
  counters: OperatorApiCounters;
  /** Wraps every call; absent if tracing is off. */
  trace?: Interceptor | undefined;
  /** Aborts when the listener begins to drain, which ends endless streams. */
  stopping?: AbortSignal;
  /** Absent means the system's clock. */
  clock?: Clock;
  log: Logger;
}
