import type { BootDevice } from "../command-line.ts";
import type { LabPowerAction } from "../power.ts";

/** What ipmi_sim asks of a machine. */
export type ChassisCommand = { boot: BootDevice | undefined } | { action: LabPowerAction };

/** ipmi_sim's names of boot devices; every other leaves the choice to the firmware. */
const bootDevices: Readonly<Record<string, BootDevice>> = { pxe: "network", default: "disk" };

/** Reads a line such as "power 1", "boot pxe" or "reset 1"; undefined for what a lab machine can't do. Pure. */
export function chassisCommand(line: string): ChassisCommand | undefined {
  const [what, value = ""] = line.split(" ");
  switch (what) {
    case "power":
      return { action: value === "1" ? "on" : "off" };
    case "reset":
      return { action: "reset" };
    case "shutdown":
      return { action: "soft-off" };
    case "boot":
      return { boot: bootDevices[value] };
    default:
      return undefined;
  }
}
