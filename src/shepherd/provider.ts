import { CodedError } from "../lib/errors.ts";

/** The kinds of a provider's errors. */
export type ProviderErrorCode =
  /** The provider has no such machine. */
  | "not_found"
  /** The provider is unreachable, or temporarily can't do this. */
  | "unavailable"
  /** The provider refuses this action for this machine. */
  | "refused";

/** A provider's error; its message is shown in `explain`. */
export class ProviderError extends CodedError<ProviderErrorCode> {}

/** A machine's management controller as its provider names it. */
export interface ProvidedController {
  protocol: "redfish" | "ipmi";
  url: string;
  /** Which of the controller's systems; absent = the only one. */
  system?: string;
  /** Name of the credential. */
  credential: string;
  /** How its certificate is verified; absent = an operator has to accept it first. */
  trust?: { by: "fingerprint"; sha256: string } | { by: "ca"; pem: string } | { by: "system" } | { by: "clear-text" };
}

/** A machine as its provider lists it. */
export interface ProvidedMachine {
  /** Unique within the provider, and never reused for another machine. */
  providerId: string;
  /** A suggested name, used unless another machine has it. */
  name?: string;
  /** Its serial number, which the maker printed on it. */
  serial?: string;
  smbiosUuid?: string;
  /** `aa:bb:cc:dd:ee:ff`, boot interfaces first. */
  macs: readonly string[];
  address?: string;
  location?: string;
  /** The provider's own status text. */
  status?: string;
  /** The labels that the provider gives it; an operator's others stay. */
  labels?: Readonly<Record<string, string>>;
  controller?: ProvidedController;
  /** Its network, as netplan's YAML that `machine update --network` would accept. */
  network?: string;
}

/** All machines that a provider has now. */
export interface ProvidedListing {
  machines: readonly ProvidedMachine[];
  /**
   * What of the list could not be taken, one line each, with its place. While there is any, no machine is believed to be
   * gone: it may be in a line that could not be read.
   */
  problems?: readonly string[];
  /** Why the list is doubted although it could be read, such as an empty file: then no machine is gone until an operator accepts it. */
  doubt?: string;
}

/** One line of a check: what was checked, whether it is in order, and a remedy if it is not. */
export interface ProviderCheckLine {
  ok: boolean;
  what: string;
  remedy?: string;
}

/** Whether a machine has power. */
export type PowerState = "on" | "off";
/** The actions of a power switch: `off` and `reset` do not shut down the operating system. */
export type PowerAction = "on" | "off" | "reset";
/** What a machine boots from once; afterwards its firmware decides again. */
export type BootSource = "network" | "disk";

/** The power switch for all machines of a provider. */
export interface ProviderPower {
  /** @throws {ProviderError} */
  get(providerId: string, signal: AbortSignal): Promise<PowerState>;
  /** Resolves when the action is done; a machine already in that state is left unchanged. @throws {ProviderError} */
  set(providerId: string, action: PowerAction, options: { boot?: BootSource; signal: AbortSignal }): Promise<void>;
}

/**
 * Where machines come from. Methods that a provider does not support are absent. Every provider passes the suite in
 * `testing/provider-conformance.ts`.
 */
export interface Provider {
  /** Its name in `provided`: [a-z][a-z0-9-]{0,31}. */
  name: string;
  /** Its type in the file of providers, such as inventory. */
  type?: string;
  /**
   * What its settings are, as one text: shepherds with different settings for one name do not act on it at once. Absent =
   * it has none.
   */
  settings?: string;
  /** Milliseconds between two listings; absent = as often as the shepherd looks for work. */
  pace?: number;
  /** Whether its machines may be switched off to start an agent, whatever runs on them. */
  autostart?: boolean;
  /** The address by which its machines' controllers fetch boot media; absent = as the server of boot media says. */
  mediaUrl?: string;
  /** Whether many machines may be gone at once without an operator's accepting it. */
  believed?: boolean;
  /**
   * Lists all its machines. The same object as before = nothing has changed.
   * @throws {ProviderError}
   */
  list?: (signal: AbortSignal) => Promise<ProvidedListing>;
  /** Reads one machine. @throws {ProviderError} `not_found` */
  get?: (providerId: string, signal: AbortSignal) => Promise<ProvidedMachine>;
  power?: ProviderPower;
  /**
   * Seconds after which the power of its machines is read again: of those on which an agent is wanted, and of others. Absent
   * = its list says it, or nobody reads it.
   */
  powerPace?: { matters: number; others: number };
  /** Checks what can be checked beyond listing, line by line. Never rejects but for the signal. */
  check?: (signal: AbortSignal) => Promise<ProviderCheckLine[]>;
}
