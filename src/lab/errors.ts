import { CodedError } from "../lib/errors.ts";

/** The kinds of the lab's errors. */
export type LabErrorCode =
  /** QEMU, a firmware or a boot ROM is missing; the message names Debian's package. */
  | "program_missing"
  | "not_found"
  | "definition_invalid"
  /** Another process is switching this machine. */
  | "busy"
  | "qemu_failed"
  /** Told to stop while a machine was switched on. */
  | "interrupted"
  | "no_user"
  /** A machine of that name exists already, with other properties. */
  | "exists"
  /** The process that serves the lab's controllers can't be started, or can't serve one of them. */
  | "controllers_failed"
  /** A virtual medium can't be fetched. */
  | "medium_unusable";

/** @see LabErrorCode */
export class LabError extends CodedError<LabErrorCode> {}
