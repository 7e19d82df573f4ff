import { CodedError } from "../errors.ts";

/** Why there is no usable certificate. */
export type TlsErrorCode =
  /** A requested name is neither a DNS name nor an IP address. */
  | "server_name"
  /** A file is missing, or can't be read or written. */
  | "unreadable"
  /** A file's content is not what it should be. */
  | "malformed"
  /** Files that are valid by themselves do not belong together. */
  | "mismatch"
  /** The certificate has expired. */
  | "expired";

/** The error of all code about certificate files. */
export class TlsError extends CodedError<TlsErrorCode> {}
