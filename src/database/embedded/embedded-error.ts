import { CodedError } from "../../lib/errors.ts";

/** What can go wrong between a data directory and a running embedded PostgreSQL. */
export type EmbeddedErrorCode =
  | "binaries_missing"
  | "binaries_unusable"
  | "directory_unusable"
  | "directory_busy"
  | "no_user"
  | "wrong_version"
  | "initialise_failed"
  | "start_failed";

/** The error of all code about the data directory and the embedded PostgreSQL. */
export class EmbeddedError extends CodedError<EmbeddedErrorCode> {}
