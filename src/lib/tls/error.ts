import { CodedError } from "../errors.ts";

/** Why there is no certificate to serve with. */
export type TlsErrorCode =
  /** A name that is asked for is neither a DNS name nor an IP address. */
  | "server_name"
  /** A file is missing or cannot be read or written. */
  | "unreadable"
  /** A file holds something else than it should. */
  | "malformed"
  /** Files that are each well do not belong together. */
  | "mismatch"
  /** The certificate's time is over. */
  | "expired";

/** Thrown by everything about certificates in files. */
export class TlsError extends CodedError<TlsErrorCode> {}
