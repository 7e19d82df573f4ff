import type { PassingRule } from "../answer-error.ts";
import type { JsonObject } from "../json.ts";

/** The properties that identify a maker, from the service root and the system. */
export interface MakerIdentity {
  /** The root's `Vendor`, or else its `Product`. */
  vendor: string | undefined;
  /** Names below the root's `Oem`. */
  oem: readonly string[];
  /** The system's `Manufacturer`. */
  manufacturer: string | undefined;
  /** The system's `Model`. */
  model: string | undefined;
}

/**
 * How one maker's controllers differ. A difference that reading before writing, following links or reading back handles
 * for every maker needs no rule. Numbers are the rows of docs/redfish.md.
 */
export interface MakerRules {
  maker: string;
  /** Names of the rules that apply, for operators. */
  names: readonly string[];
  /** Which refusals are temporary. */
  passing: PassingRule;
  /** Restarts hang the machine, so it is switched off, and on after it is off. */
  restartByOff: boolean;
  /** Target, Enabled and Mode must always be sent together. */
  bootWhole: boolean;
  /** To remove an override, the target must be left unchanged. */
  bootOffKeepsTarget: boolean;
  /** The names of the virtual medium as a boot target, the best first. */
  mediaTargets: readonly string[];
  /** A medium is inserted by PATCH if the slot has no action. */
  mediaByPatch: boolean;
  /** SKU has the SMBIOS serial number; other makers put the product number there. */
  serialInSku: boolean;
  /** Parts whose health is only in the maker's own properties of the system, with their status. */
  moreHealth: (system: JsonObject) => readonly { name: string; status: unknown }[];
  /** Why the boot order can't be changed at the moment, read from the system; undefined = it can. */
  bootWaits: (system: JsonObject) => string | undefined;
}

/** The rules for all other makers. */
export const plainRules: MakerRules = {
  maker: "other",
  names: [],
  passing: () => false,
  restartByOff: false,
  bootWhole: false,
  bootOffKeepsTarget: false,
  mediaTargets: ["Cd", "UsbCd", "UefiCd", "CD/DVD", "Usb"],
  mediaByPatch: false,
  serialInSku: false,
  moreHealth: () => [],
  bootWaits: () => undefined,
};
