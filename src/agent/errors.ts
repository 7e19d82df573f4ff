import type { FailureCause } from "../contract/failure-cause.ts";
import { CodedError, describeError } from "../lib/errors.ts";
import { withoutUrlSecrets } from "../lib/net/shown-url.ts";

/** The kinds of the agent's failures. */
export type AgentErrorCode =
  /** The init file or the command line. */
  | "init_invalid"
  /** The installation request itself. */
  | "request_invalid"
  /** Requests something that this agent can't do. */
  | "unsupported"
  /** No disk matches, or several. */
  | "disk_ambiguous"
  | "disk_busy"
  | "disk_too_small"
  | "disk_failed"
  /** The image could not be fetched. */
  | "fetch_failed"
  /** The fetched file is not the requested image. */
  | "image_invalid"
  /** The image's signature is not the required one. */
  | "signature_invalid"
  /** A program that the agent runs is missing, or failed. */
  | "program_failed"
  /** The control plane refused to acknowledge WRITING. */
  | "not_acknowledged";

/** The reported cause of an error that has no cause of its own. */
const causes: Record<AgentErrorCode, FailureCause> = {
  init_invalid: "other",
  request_invalid: "request-invalid",
  unsupported: "unsupported",
  disk_ambiguous: "disk-selector",
  disk_busy: "disk-busy",
  disk_too_small: "disk-too-small",
  disk_failed: "disk-failed",
  fetch_failed: "image-unreachable",
  image_invalid: "image-damaged",
  signature_invalid: "wrong-signature",
  program_failed: "program-failed",
  not_acknowledged: "not-acknowledged",
};

/** The agent's errors; the message becomes the text of the installation report, for people. */
export class AgentError extends CodedError<AgentErrorCode> {
  /** The cause that is reported for an installation that failed by this error. */
  readonly failure: FailureCause;

  constructor(
    code: AgentErrorCode,
    message: string,
    options?: { cause?: unknown; failure?: FailureCause | undefined },
  ) {
    super(code, message, options);
    this.failure = options?.failure ?? causes[code];
  }
}

// The server accepts at most 8 KiB of error text (docs/wire.md); a character has at most 4 bytes.
const errorTextLimit = 2000;

/**
 * The chain of causes as one text that may be sent: well-formed, without NUL and other control characters, without
 * secrets in URLs, bounded.
 */
export function errorText(error: unknown): string {
  return cleanText(withoutUrlSecrets(describeError(error)), errorTextLimit);
}

/**
 * Makes text sendable: control characters become blanks, the ends are trimmed, the rest is cut to `limit` characters.
 */
export function cleanText(text: string, limit: number): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const clean = text.replaceAll(/[\u0000-\u001f\u007f]+/gu, " ").trim();
  return (clean.length > limit ? clean.slice(0, limit) : clean).toWellFormed();
}
