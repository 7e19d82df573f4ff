import { CodedError } from "../src/lib/errors.ts";

/** Every way in which building an image fails. */
export type BuildErrorCode =
  /** A program that the builder calls is not installed, or failed. */
  | "program_missing"
  | "program_failed"
  /** Packages cannot be had, or do not hold what is expected of them. */
  | "packages"
  /** What was asked for cannot be built here. */
  | "unsupported";

/** What the builders throw. */
export class BuildError extends CodedError<BuildErrorCode> {}
