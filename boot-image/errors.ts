import { CodedError } from "../src/lib/errors.ts";

/** The kinds of build failures. */
export type BuildErrorCode =
  /** A program that the builder runs is not installed, or failed. */
  | "program_missing"
  | "program_failed"
  /** Packages can't be fetched, or lack expected files. */
  | "packages"
  /** The request can't be built on this host. */
  | "unsupported";

/** The builders' error. */
export class BuildError extends CodedError<BuildErrorCode> {}
