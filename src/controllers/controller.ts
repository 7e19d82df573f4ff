import { CodedError } from "../lib/errors.ts";
import type { UsedPasswords } from "./used-passwords.ts";

/** The kinds of a controller's errors. */
export type ControllerErrorCode =
  /** No complete answer: no connection, a timeout, or an answer that broke off. */
  | "unreachable"
  /** The certificate is not the accepted one. Nothing secret was sent. */
  | "untrusted"
  /** The credential may not be sent to this address. Nothing was sent. */
  | "address_refused"
  /** The credential can't be opened, or is of the wrong kind. Nothing was sent. */
  | "credential_unusable"
  /** The controller refused the user name and password. */
  | "unauthorized"
  /** The account's rights are not sufficient. */
  | "forbidden"
  /** The account must change its password before it can do anything else. */
  | "password_change_required"
  /** No management controller answers at this address, or its system is ambiguous or missing. */
  | "not_a_controller"
  /** The controller does not support the function. */
  | "unsupported"
  /** The controller refused the change; the message quotes its reason. */
  | "refused"
  /** The controller is busy, restarting or out of sessions. A later retry may succeed. */
  | "busy"
  /** The controller accepted the change, but did not show it as done within the time limit. */
  | "not_done"
  /** The answer is unusable: too long, not JSON, or a link to another host. */
  | "answer_invalid";

/** The error of all controller clients. Operators read its message in `explain`. It never contains a secret. */
export class ControllerError extends CodedError<ControllerErrorCode> {}

/** How a controller is reached and trusted. */
export interface ControllerAddress {
  protocol: "redfish" | "ipmi";
  /** `https://host[:port]`, `http://host[:port]` (clear text, by the operator's choice), `ipmi://host[:port]`. */
  url: string;
  /** The name of the system within the controller; absent means the only system with a power switch. */
  system?: string;
  trust: ControllerTrust;
}

/** How a TLS certificate is verified. There is no choice that accepts every certificate. */
export type ControllerTrust =
  /** The SHA-256 of the certificate's DER in hex, which an operator has accepted. */
  | { by: "fingerprint"; sha256: string }
  /** The certificate must be issued by this CA, given as PEM, for the name in the address. */
  | { by: "ca"; pem: string }
  /** The certificate must be issued by one of the operating system's CAs, for the name in the address. */
  | { by: "system" }
  /** No TLS: `http://`, `ipmi://`. */
  | { by: "clear-text" };

/** The account that opens a controller. It is never sent anywhere but to the controller. */
export interface ControllerLogin {
  userName: string;
  password: string;
  /** Whether the login may be sent to this address. Called with the resolved address, when the connection is made. */
  mayReach(address: { host: string; ip: string }): boolean;
  /**
   * The passwords used at this controller, which the client adds to. They are removed from all that the controller
   * says. Absent = those of this client only.
   */
  used?: UsedPasswords;
}

/** A machine's power, as its controller reports it. */
export type ControllerPower = "on" | "off" | "powering-on" | "powering-off" | "unknown";

/** The power commands. */
export const powerCommands = ["on", "off", "soft-off", "cycle", "reset", "nmi"] as const;
export type PowerCommand = (typeof powerCommands)[number];

/** The boot targets. */
export const bootTargets = ["network", "disk", "http", "media", "setup"] as const;
export type BootTarget = (typeof bootTargets)[number];

/** What a controller reports about itself and its machine. */
export interface ControllerFacts {
  /** The maker as the controller writes it, such as "Dell Inc." */
  maker?: string;
  model?: string;
  firmware?: string;
  /** The name of this system, to be stored in {@link ControllerAddress.system}. */
  system: string;
  smbiosUuid?: string;
  /** Serial numbers and asset tags: SerialNumber, SKU and similar values, without empty ones. */
  serials: readonly string[];
  /** MAC addresses as `aa:bb:cc:dd:ee:ff`, without empty or repeated ones. */
  macs: readonly string[];
  power: ControllerPower;
  powerCommands: readonly PowerCommand[];
  bootTargets: readonly BootTarget[];
  virtualMedia: boolean;
  /** Whether it takes the URL of a UEFI HTTP boot. */
  httpBoot: boolean;
  /** Names of the maker's rules that apply, with their rows in docs/redfish.md. */
  rules: readonly string[];
  /** False = the account has read access only. */
  mayControl: boolean;
}

/** The health of a machine or of one of its parts. */
export const healthRollups = ["ok", "warning", "critical", "unknown"] as const;
export type HealthRollup = (typeof healthRollups)[number];

/** What a controller reports about its machine's health. */
export interface ControllerHealth {
  /** The controller's own verdict, or that on its worst part if that is worse. */
  rollup: HealthRollup;
  /** Parts that are not healthy, such as "Fan 3: critical", the worst first, at most 40. */
  failed: readonly string[];
  /** What could not be read, such as "event log": nothing is known about it. */
  unread: readonly string[];
  /** Degrees Celsius of the hottest inlet or ambient sensor; absent = the machine has none. */
  inletCelsius?: number;
  /** The newest entries of the event log, newest first, at most 10. */
  events: readonly HealthEvent[];
}

/** An entry of a controller's event log. */
export interface HealthEvent {
  /** By the controller's clock; absent = the entry has no usable time. */
  at?: Date;
  severity: "ok" | "warning" | "critical";
  text: string;
}

/** The lengths of passwords that a controller accepts, in characters; absent = it does not say. */
export interface PasswordLimits {
  min?: number;
  max?: number;
}

/**
 * Whether a virtual medium is meant.
 * @param image its URL, or the part of it that the controller shows; undefined if it shows none
 * @param slot where it is
 */
export type WhoseMedium = (image: string | undefined, slot: string) => boolean;

/**
 * The client of one machine's management controller. It runs one change and two reads at a time, and keeps at most one
 * session. Disposing it ends the session and its connections; a call after that logs in anew. Every call ends when its
 * signal aborts. Failures are {@link ControllerError}s.
 */
export interface Controller extends AsyncDisposable {
  /** Reads what the controller is and what it supports. */
  read(signal: AbortSignal): Promise<ControllerFacts>;
  powerGet(signal: AbortSignal): Promise<ControllerPower>;
  /**
   * Resolves when the controller shows the command as done. `on` and `off` change nothing if the machine is in that
   * state already.
   * @throws `not_done`
   */
  powerSet(command: PowerCommand, signal: AbortSignal): Promise<void>;
  /** Sets the boot source of the next boot (`once`) or of every boot, and reads it back. */
  bootSet(target: BootTarget, options: { once: boolean; signal: AbortSignal }): Promise<void>;
  /**
   * Removes a boot override, and reads that back; changes nothing if there is none, or if it is the disk. A controller
   * that does not remove it is told to boot from the disk.
   */
  bootClear(signal: AbortSignal): Promise<void>;
  /**
   * Inserts the virtual medium at this URL, in the place of another one, and resolves when the controller shows it. The
   * URL's path is a secret: it is in no error.
   * @param options.freeOnly leave another medium where it is: `busy` if there is no free drive
   * @returns the slot that it is in, as the controller names it
   */
  mediaInsert(url: string, signal: AbortSignal, options?: { freeOnly?: boolean }): Promise<string>;
  /** Ejects the virtual media for which `whose` is true. */
  mediaEject(whose: WhoseMedium, signal: AbortSignal): Promise<void>;
  /**
   * Sets the next boot, and that one only, to a UEFI HTTP boot of this URL, and reads it back. The URL's path is a
   * secret: it is in no error.
   */
  httpBootSet(url: string, signal: AbortSignal): Promise<void>;
  /**
   * Removes the URL of an HTTP boot for which `whose` is true; the boot override stays. Some controllers go on showing
   * the URL, which is no failure.
   */
  httpBootClear(whose: (url: string) => boolean, signal: AbortSignal): Promise<void>;
  /** Switches the machine's identification light. */
  identify(on: boolean, signal: AbortSignal): Promise<void>;
  health(signal: AbortSignal): Promise<ControllerHealth>;
  /** Reads which passwords the controller accepts; also works while the account must change its password. */
  passwordLimits(signal: AbortSignal): Promise<PasswordLimits>;
  /**
   * Changes the account's password. Resolves when a login with the new password has succeeded. After a failure, the
   * client logs in with the password before.
   * @throws `not_done` if it is not known whether the password was changed
   */
  passwordSet(password: string, signal: AbortSignal): Promise<void>;
}
