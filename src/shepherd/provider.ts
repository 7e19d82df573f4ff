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

/** A machine as its provider lists it. */
export interface ProvidedMachine {
  /** Unique within the provider, and never reused for another machine. */
  providerId: string;
  /** A suggested name, used unless another machine has it. */
  name?: string;
  smbiosUuid?: string;
  /** `aa:bb:cc:dd:ee:ff`, boot interfaces first. */
  macs: readonly string[];
  address?: string;
  location?: string;
  /** The provider's own status text. */
  status?: string;
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
  /** Milliseconds between two queries of the provider, if it may be queried more often than others. */
  pace?: number;
  /** Lists all its machines. @throws {ProviderError} */
  list?: (signal: AbortSignal) => Promise<ProvidedMachine[]>;
  /** Reads one machine. @throws {ProviderError} `not_found` */
  get?: (providerId: string, signal: AbortSignal) => Promise<ProvidedMachine>;
  power?: ProviderPower;
  /**
   * Agents are started on its machines whatever runs there. Absent = a machine that is found running is left as it is
   * until an operator allows otherwise.
   */
  autostart?: boolean;
}
