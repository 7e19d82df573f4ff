import { CodedError } from "../lib/errors.ts";

/** What the lab refuses or fails with. */
export type LabErrorCode =
  /** QEMU, a firmware or a boot ROM is not there; the message names Debian's package. */
  | "program_missing"
  | "not_found"
  | "definition_invalid"
  /** Another process switches this machine. */
  | "busy"
  | "qemu_failed"
  | "no_user";

/** @see LabErrorCode */
export class LabError extends CodedError<LabErrorCode> {}
