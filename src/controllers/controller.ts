import { CodedError } from "../lib/errors.ts";

/** What a controller refuses or fails with. */
export type ControllerErrorCode =
  /** No answer: no connection, a time limit, an answer that broke off. */
  | "unreachable"
  /** Its certificate is not the accepted one. Nothing secret was sent. */
  | "untrusted"
  /** The address is none that the credential may be sent to. Nothing was sent. */
  | "address_refused"
  /** The credential can't be opened, or is of another kind. Nothing was sent. */
  | "credential_unusable"
  /** It refused user name and password. */
  | "unauthorized"
  /** The account's rights do not suffice. */
  | "forbidden"
  /** The account has to change its password before anything else. */
  | "password_change_required"
  /** What answers at this address is no management controller, or no system of it is named. */
  | "not_a_controller"
  /** It has no such function. */
  | "unsupported"
  /** It refused the change, in its own words. */
  | "refused"
  /** It is busy, restarting or out of sessions: a later retry may succeed. */
  | "busy"
  /** It accepted the change, and did not show it done within the time limit. */
  | "not_done"
  /** Its answer makes no sense: too long, no JSON, a link to another host. */
  | "answer_invalid";

/** What clients of controllers throw; the message is for people, who read it in `explain`. It never has a secret in it. */
export class ControllerError extends CodedError<ControllerErrorCode> {}

/** How a controller is reached and trusted. */
export interface ControllerAddress {
  protocol: "redfish" | "ipmi";
  /** `https://host[:port]`, `http://host[:port]` (clear text, by the operator's choice), `ipmi://host[:port]`. */
  url: string;
  /** Which of its systems, as the controller names it; absent means the only system with a power switch. */
  system?: string;
  trust: ControllerTrust;
}

/** Why a TLS certificate is believed. "Any" is no choice. */
export type ControllerTrust =
  /** SHA-256 of the certificate's DER in hex, which an operator has accepted. */
  | { by: "fingerprint"; sha256: string }
  /** A CA in PEM, and the name in the address. */
  | { by: "ca"; pem: string }
  /** The system's own CAs, and the name in the address. */
  | { by: "system" }
  /** No TLS: `http://`, `ipmi://`. */
  | { by: "clear-text" };

/** What opens a controller. It never leaves the process but to the controller. */
export interface ControllerLogin {
  userName: string;
  password: string;
  /** Where it may be sent: checked on the resolved address when the connection is made. */
  mayReach(address: { host: string; ip: string }): boolean;
}

/** Whether a machine has power, as its controller says. */
export type ControllerPower = "on" | "off" | "powering-on" | "powering-off" | "unknown";

/** What can be asked of a machine's power. */
export const powerCommands = ["on", "off", "soft-off", "cycle", "reset", "nmi"] as const;
export type PowerCommand = (typeof powerCommands)[number];

/** Where a machine can be told to boot from. */
export const bootTargets = ["network", "disk", "http", "media", "setup"] as const;
export type BootTarget = (typeof bootTargets)[number];

/** What a controller says of itself and its machine. */
export interface ControllerFacts {
  /** In its own words, such as "Dell Inc." */
  maker?: string;
  model?: string;
  firmware?: string;
  /** Which of its systems this is, to be stored in {@link ControllerAddress.system}. */
  system: string;
  smbiosUuid?: string;
  /** Serial numbers and tags: SerialNumber, SKU and the like, without empty ones. */
  serials: readonly string[];
  /** `aa:bb:cc:dd:ee:ff`, without empty and repeated ones. */
  macs: readonly string[];
  power: ControllerPower;
  powerCommands: readonly PowerCommand[];
  bootTargets: readonly BootTarget[];
  virtualMedia: boolean;
  /** Names of the rules of its maker that are in force, as in SERVERS' rows. */
  rules: readonly string[];
  /** False = the account may only look. */
  mayControl: boolean;
}

/** What a controller says of its machine's health. */
export interface ControllerHealth {
  rollup: "ok" | "warning" | "critical" | "unknown";
  /** Parts that are not well, in words: "Fan 3: critical". */
  failed: readonly string[];
  /** Degrees Celsius, the hottest inlet or ambient sensor; absent = none is there. */
  inletCelsius?: number;
  /** The newest entries of its event log, the newest first, at most 10. */
  events: readonly { at?: Date; severity: "ok" | "warning" | "critical"; text: string }[];
}

/**
 * A machine's management controller. One object a machine; it makes one change and two reads at a time, and keeps at most one
 * session. Disposing ends the session. Every call ends by its signal; all throw {@link ControllerError}.
 */
export interface Controller extends AsyncDisposable {
  /** Reads what it is and what it can do. */
  read(signal: AbortSignal): Promise<ControllerFacts>;
  powerGet(signal: AbortSignal): Promise<ControllerPower>;
  /** Returns when the controller shows it done: `on` and `off` that are so already are done. @throws `not_done` */
  powerSet(command: PowerCommand, signal: AbortSignal): Promise<void>;
  /** Where the next boot (`once`) or every boot goes; reads it back. */
  bootSet(target: BootTarget, options: { once: boolean; signal: AbortSignal }): Promise<void>;
  /** Takes an override of the boot order away; done where there is none. */
  bootClear(signal: AbortSignal): Promise<void>;
  /** Switches the machine's identification light. */
  identify(on: boolean, signal: AbortSignal): Promise<void>;
  health(signal: AbortSignal): Promise<ControllerHealth>;
  /** Changes the account's password. */
  passwordSet(password: string, signal: AbortSignal): Promise<void>;
}
