import { CodedError } from "../lib/errors.ts";

/** How a command can fail. */
export type CliErrorCode =
  /** What was asked for was not carried out. */
  | "failed"
  /** The command line, or a value on it, is wrong. */
  | "usage"
  /** The control plane, or its database, can't be reached. */
  | "unreachable"
  /** The token is missing or wrong. */
  | "unauthorised";

/** An error that is told in one line, without a stack trace. */
export class CliError extends CodedError<CliErrorCode> {}

/** The exit status of each failure; `farrier --help` lists them. */
export const exitStatus: Readonly<Record<CliErrorCode, number>> = {
  failed: 1,
  usage: 2,
  unreachable: 3,
  unauthorised: 4,
};
