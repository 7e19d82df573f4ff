import type { PassingRule } from "../answer-error.ts";
import type { JsonObject } from "../json.ts";

/** What tells a maker: what the service root says, and the system. */
export interface MakerIdentity {
  /** The root's `Vendor`, or its `Product`. */
  vendor: string | undefined;
  /** Names below `Oem` of the root. */
  oem: readonly string[];
  /** Of the system. */
  manufacturer: string | undefined;
  /** Of the system. */
  model: string | undefined;
}

/**
 * Where one maker's controllers differ. What reading before writing, following links and reading back meet anyway is no rule.
 * Numbers are the rows of docs/redfish.md.
 */
export interface MakerRules {
  maker: string;
  /** The rules that are in force, for people. */
  names: readonly string[];
  /** Messages that pass by themselves. */
  passing: PassingRule;
  /** Restarts hang the machine: off, wait, on. */
  restartByOff: boolean;
  /** Target, Enabled and Mode are sent together always. */
  bootWhole: boolean;
  /** An override is taken away with its target left as it is. */
  bootOffKeepsTarget: boolean;
  /** Names of the virtual medium as a boot target, the best first. */
  mediaTargets: readonly string[];
  /** Media are inserted by PATCH where a slot has no action. */
  mediaByPatch: boolean;
  /** The serial number of SMBIOS is in SKU, which is a kind of machine elsewhere. */
  serialInSku: boolean;
  /** Parts of the machine whose health is only in the system's own words, with it. */
  moreHealth: (system: JsonObject) => readonly { name: string; status: unknown }[];
  /** Why the boot order can't be changed just now, by the system; undefined = it can. */
  bootWaits: (system: JsonObject) => string | undefined;
}

/** What holds for makers without rules. */
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
