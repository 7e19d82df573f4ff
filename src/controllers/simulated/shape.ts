import type { EtagMode } from "./etag.ts";

/** Where a maker's controllers differ in what they serve. Numbers are the rows of docs/redfish.md. */
export interface MakerShape {
  maker: string;
  /** The root's `Vendor`; "" = it has none. */
  vendor: string;
  /** Names below `Oem` of the root. */
  oem: readonly string[];
  manufacturer: string;
  model: string;
  firmware: string;
  systemId: string;
  managerId: string;
  chassisId: string;
  /** Links end with a slash (row 1). */
  trailingSlash: boolean;
  /** Members of the systems that are no machine (row 1). */
  otherSystems: readonly string[];
  /** Absent = no link from the system to its manager (row 2). */
  managerLink: "ManagedBy" | "Managers" | undefined;
  resetTypes: readonly string[];
  /** Where the allowed values are (row 3). */
  allowed: "inline" | "action-info" | "nowhere";
  bootTargets: readonly string[];
  /** What the override's `Enabled` may be, where the controller says it (row 11). */
  bootEnabled: readonly string[] | undefined;
  /** The system's modes; absent = it knows none (row 10). */
  bootMode: "UEFI" | "Legacy" | undefined;
  /** The object of settings in which the override is changed, below the system (row 13). */
  settings: string | undefined;
  /** Options of the boot order, where there are some: names by their references, and where the order is changed below the system. */
  bootOrder: { options: Readonly<Record<string, string>>; under: string } | undefined;
  /** What is odd about changes of the boot override. */
  bootQuirks: readonly ("whole" | "no-disabled-none" | "unchanged-refused" | "mode-flips")[];
  /** Where virtual media are, and which. */
  media: { under: "system" | "manager"; slots: readonly string[]; actions: boolean } | undefined;
  /** The light, and where. */
  light: "indicator" | "location" | "chassis" | undefined;
  /** Fans and supplies in the old resources, or in the newer collections. */
  thermal: "old" | "new";
  etags: EtagMode;
  /** The serial number is in SKU, and another in SerialNumber (row 52). */
  serialInSku: boolean;
}

/** What most have in common. */
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
  bootEnabled: undefined,
  bootMode: "UEFI",
  settings: undefined,
  bootOrder: undefined,
  bootQuirks: [],
  media: { under: "manager", slots: ["Cd"], actions: true },
  light: "indicator",
  thermal: "old",
  etags: "sent",
  serialInSku: false,
};
