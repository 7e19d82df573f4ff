import { CodedError } from "../lib/errors.ts";

/** The kinds of errors in sealing secrets. */
export type SecretsErrorCode =
  /** This process may not use the key file. */
  | "key_file"
  /** This process has no key to seal with, or lacks the key that sealed a secret. */
  | "key_missing"
  /** The sealed bytes were altered, or belong to another row. */
  | "altered";

/** An error whose message an operator may read: it names keys by their ids, and never contains a secret. */
export class SecretsError extends CodedError<SecretsErrorCode> {}
