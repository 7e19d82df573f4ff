import type { FailureCause } from "../contract/failure-cause.ts";
import { CodedError, describeError } from "../lib/errors.ts";
import { withoutUrlSecrets } from "../lib/net/shown-url.ts";

/** Every way in which the agent fails. */
export type AgentErrorCode =
  /** The init file or the command line. */
  | "init_invalid"
  /** The installation request itself. */
  | "request_invalid"
  /** Asked for something that this agent cannot do. */
  | "unsupported"
  /** No disk, or several. */
  | "disk_ambiguous"
  | "disk_busy"
  | "disk_too_small"
  | "disk_failed"
  /** The image could not be had. */
  | "fetch_failed"
  /** What was fetched is not the image that was asked for. */
  | "image_invalid"
  /** The image is not signed as the request says that it is. */
  | "signature_invalid"
  /** A program that the agent calls is not there, or failed. */
  | "program_failed"
  /** The control plane refused what it had to acknowledge. */
  | "not_acknowledged";

/** The causes that are reported where an error has none of its own. */
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

/** What the agent throws; the message ends up in the installation report, for people. */
export class AgentError extends CodedError<AgentErrorCode> {
  /** What is reported as the cause of an installation that failed by this error. */
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

// The server takes at most 8 KiB of error text (docs/wire.md); a character has at most 4 bytes.
const errorTextLimit = 2000;

/**
 * The chain of causes as one text that may be sent: well-formed, without NUL and other control characters, without what may
 * be secret in URLs, bounded.
 */
export function errorText(error: unknown): string {
  return cleanText(withoutUrlSecrets(describeError(error)), errorTextLimit);
}

/** Text that may be sent: control characters become blanks, ends are trimmed, the rest is cut at `limit` characters. */
export function cleanText(text: string, limit: number): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const clean = text.replaceAll(/[\u0000-\u001f\u007f]+/gu, " ").trim();
  return (clean.length > limit ? clean.slice(0, limit) : clean).toWellFormed();
}
