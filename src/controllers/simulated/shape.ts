import type { EtagMode } from "./etag.ts";

/** A peculiarity in changing the boot override. */
export type BootQuirk =
  | "whole"
  | "no-disabled-none"
  | "unchanged-refused"
  | "mode-flips"
  /** `Once` is kept as `Continuous`: it applies to every boot. */
  | "once-stays"
  /** The removal of an override is accepted, and nothing happens. */
  | "off-ignored"
  /** The removal of an override changes the boot mode to Legacy. */
  | "off-flips"
  /** The override is forgotten when the machine is switched on: it boots in its own order. */
  | "forgets"
  /** The URL of an HTTP boot is removed by an empty text; `null` is refused. */
  | "url-not-null"
  /** The URL of an HTTP boot is not removed. */
  | "url-stays";

/** How the controllers of a maker differ in what they serve. Numbers are the rows of docs/redfish.md. */
export interface MakerShape {
  maker: string;
  /** The root's `Vendor`; "" = it has none. */
  vendor: string;
  /** Names below the root's `Oem`. */
  oem: readonly string[];
  manufacturer: string;
  model: string;
  firmware: string;
  systemId: string;
  managerId: string;
  chassisId: string;
  /** Links end with a slash (row 1). */
  trailingSlash: boolean;
  /** Members of the systems collection that are not machines (row 1). */
  otherSystems: readonly string[];
  /** The property that links the system to its manager; absent = none (row 2). */
  managerLink: "ManagedBy" | "Managers" | undefined;
  resetTypes: readonly string[];
  /** Where the allowed values are listed (row 3). */
  allowed: "inline" | "action-info" | "nowhere";
  bootTargets: readonly string[];
  /** Whether it has a place for the URL of an HTTP boot (row 16). */
  httpBoot: boolean;
  /** The allowed values of the override's `Enabled`; undefined = they are not listed (row 11). */
  bootEnabled: readonly string[] | undefined;
  /** The system's boot mode; absent = it has no modes (row 10). */
  bootMode: "UEFI" | "Legacy" | undefined;
  /** The path, below the system, of the settings object that changes the override (row 13). */
  settings: string | undefined;
  /**
   * The boot order: the options' names by reference, and the path below the system that changes the order; undefined =
   * none.
   */
  bootOrder: { options: Readonly<Record<string, string>>; under: string } | undefined;
  /** Peculiarities in changing the boot override. */
  bootQuirks: readonly BootQuirk[];
  /** Where virtual media are, and their slots; undefined = there are none. */
  media: { under: "system" | "manager"; slots: readonly string[]; actions: boolean } | undefined;
  /**
   * Peculiarities of virtual media: `Inserted` and `WriteProtected` are refused (row 33); a protocol or a login is needed
   * (row 34); inserting over a medium fails (row 35); an ejected image is still shown (row 36); the first slot refuses (row
   * 31); an ejection takes no body (row 25).
   */
  mediaQuirks: readonly (
    | "few-fields"
    | "needs-protocol"
    | "needs-login"
    | "no-replace"
    | "image-stays"
    | "first-refuses"
    | "no-body"
  )[];
  /** The property that switches the light, and where it is. */
  light: "indicator" | "location" | "chassis" | undefined;
  /** Whether fans and power supplies are in the old resources or in the newer collections. */
  thermal: "old" | "new";
  etags: EtagMode;
  /** SKU has the SMBIOS serial number, and SerialNumber has another number (row 52). */
  serialInSku: boolean;
}

/** The shape that most controllers share. */
export const plainShape: MakerShape = {
  maker: "plain",
  vendor: "Farrier",
  oem: [],
  manufacturer: "Farrier",
  model: "Simulated",
  firmware: "1.0",
  systemId: "1",
  managerId: "1",
  chassisId: "1",
  trailingSlash: false,
  otherSystems: [],
  managerLink: "ManagedBy",
  resetTypes: ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "GracefulRestart", "Nmi", "PowerCycle"],
  allowed: "inline",
  bootTargets: ["None", "Pxe", "Hdd", "Cd", "UefiHttp", "BiosSetup"],
  httpBoot: true,
  bootEnabled: undefined,
  bootMode: "UEFI",
  settings: undefined,
  bootOrder: undefined,
  bootQuirks: [],
  media: { under: "manager", slots: ["Cd"], actions: true },
  mediaQuirks: [],
  light: "indicator",
  thermal: "old",
  etags: "sent",
  serialInSku: false,
};
