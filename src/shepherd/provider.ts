import { CodedError } from "../lib/errors.ts";

/** What a provider refuses or fails with. */
export type ProviderErrorCode =
  /** It has no such machine. */
  | "not_found"
  /** It can't be reached, or does not do now what it can. */
  | "unavailable"
  /** It does not do that to this machine. */
  | "refused";

/** What providers throw; the message is for people, who read it in `explain`. */
export class ProviderError extends CodedError<ProviderErrorCode> {}

/** A machine as its provider tells of it. */
export interface ProvidedMachine {
  /** Unique within the provider, and never another machine's. */
  providerId: string;
  /** A name for it, where no other machine has that. */
  name?: string;
  smbiosUuid?: string;
  /** `aa:bb:cc:dd:ee:ff`, those that it may boot from first. */
  macs: readonly string[];
  address?: string;
  location?: string;
  /** In the provider's own words. */
  status?: string;
}

/** Whether a machine has power. */
export type PowerState = "on" | "off";
/** What a power switch does: `off` and `reset` ask nobody on the machine. */
export type PowerAction = "on" | "off" | "reset";
/** Where a machine is to boot from this once; afterwards its firmware decides again. */
export type BootSource = "network" | "disk";

/** A power switch for all machines of a provider. */
export interface ProviderPower {
  /** @throws {ProviderError} */
  get(providerId: string, signal: AbortSignal): Promise<PowerState>;
  /**
   * Returns when it is done; what is so already stays as it is.
   * @throws {ProviderError}
   */
  set(providerId: string, action: PowerAction, options: { boot?: BootSource; signal: AbortSignal }): Promise<void>;
}

/**
 * Where machines come from. What a provider can't do is not there. Every provider passes the suite in
 * `testing/provider-conformance.ts`.
 */
export interface Provider {
  /** Its name in `provided`: [a-z][a-z0-9-]{0,31}. */
  name: string;
  /** Milliseconds between looks at it and its machines, where it may be asked more often than others. */
  pace?: number;
  /** All its machines. @throws {ProviderError} */
  list?: (signal: AbortSignal) => Promise<ProvidedMachine[]>;
  /** One of them. @throws {ProviderError} `not_found` */
  get?: (providerId: string, signal: AbortSignal) => Promise<ProvidedMachine>;
  power?: ProviderPower;
}
