import { CodedError } from "../lib/errors.ts";

/** The kinds of network boot's errors. */
export type NetbootErrorCode =
  /** The address can't be listened on. */
  | "address_unusable"
  /** The options contradict each other, or this host's configuration. */
  | "options"
  /** A program is missing. */
  | "program_missing"
  /** dnsmasq rejects its configuration, or does not keep running. */
  | "dnsmasq";

/** An error of network boot, with what to do. */
export class NetbootError extends CodedError<NetbootErrorCode> {}
