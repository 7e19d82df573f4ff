import { CodedError } from "../lib/errors.ts";

/** What the sealing of secrets ends with. */
export type SecretsErrorCode =
  /** The key file is not one that this process may use. */
  | "key_file"
  /** This process has no key to seal with, or lacks the one that something is sealed by. */
  | "key_missing"
  /** What is sealed was altered, or belongs to another row. */
  | "altered";

/** An error whose message an operator may read: it names keys by their ids, and never holds a secret. */
export class SecretsError extends CodedError<SecretsErrorCode> {}
