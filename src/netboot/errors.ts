import { CodedError } from "../lib/errors.ts";

/** What network boot can end with. */
export type NetbootErrorCode =
  /** The address can't be listened on. */
  | "address_unusable"
  /** What is asked for does not go together, or not with this host. */
  | "options"
  /** A program is not there. */
  | "program_missing"
  /** dnsmasq does not take its configuration, or does not stay up. */
  | "dnsmasq";

/** An error of network boot that says what to do. */
export class NetbootError extends CodedError<NetbootErrorCode> {}
