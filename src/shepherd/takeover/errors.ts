import { CodedError } from "../../lib/errors.ts";

/** The kinds of errors of a takeover. */
export type TakeoverErrorCode =
  /** No connection, or it broke off. */
  | "unreachable"
  /** The host's key is not the pinned one. Nothing secret was sent. */
  | "host_key"
  /** The host refused the credential. */
  | "unauthorized"
  /** The credential may not be sent to this address. Nothing was sent. */
  | "address_refused"
  /** The credential can't be opened, or is of the wrong kind. Nothing was sent. */
  | "credential_unusable"
  /** The boot image can't be used for takeovers. */
  | "boot_image"
  /** The account is neither root nor may it use sudo without a password. */
  | "not_root"
  /** The host can't be taken over: its architecture, memory, kernel, room. */
  | "unsuitable"
  /** The host is another machine than expected. */
  | "other_machine"
  /** An earlier takeover has told the host to start its kernel, and the host is about to. */
  | "under_way"
  /** What was carried over did not arrive whole. */
  | "not_carried"
  /** The takeover program on the host failed, or its answer is not valid. */
  | "program_failed"
  /** The host's kernel refused the agent's kernel. */
  | "kexec_refused"
  /** A step took too long, or its output was too long. */
  | "limit";

/** The error of a takeover. Operators read its message in `explain`. It never contains a secret. */
export class TakeoverError extends CodedError<TakeoverErrorCode> {}
