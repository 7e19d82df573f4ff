import { CodedError } from "../lib/errors.ts";

/** The kinds of failure of a command. */
export type CliErrorCode =
  /** The operation failed or was refused. */
  | "failed"
  /** The command line, or a value on it, is wrong. */
  | "usage"
  /** The control plane, or its database, can't be reached. */
  | "unreachable"
  /** The token is missing or wrong. */
  | "unauthorised";

/** An error that is printed as one line, without a stack trace. */
export class CliError extends CodedError<CliErrorCode> {}

/** The exit status for each kind of failure; `farrier --help` lists them. */
export const exitStatus: Readonly<Record<CliErrorCode, number>> = {
  failed: 1,
  usage: 2,
  unreachable: 3,
  unauthorised: 4,
};
