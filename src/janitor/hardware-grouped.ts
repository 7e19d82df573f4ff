import { hardwareGroupsLimit, type HardwareGroup } from "../database/queries/hardware/hardware-groups.ts";
import type { HardwareAmountsTotal } from "../database/queries/hardware/hardware-totals.ts";

/** Groups that are counted apart: later ones are counted together, so that a count holds some megabytes at most. */
const apart = 10_000;

/** No hardware yet. */
export function noHardware(): HardwareAmountsTotal {
  return { reports: 0, cores: 0, threads: 0, memoryBytes: 0, disks: 0, diskBytes: 0, unreadable: 0 };
}

/** Counts hardware by provider and location. */
export interface HardwareGrouped {
  /** What the machines of a provider at a location are added to. */
  of(provider: string, location: string): HardwareAmountsTotal;
  /** The largest groups, and the others together. */
  groups(): HardwareGroup[];
}

/** A new count. */
export function hardwareGrouped(limits = { apart, stored: hardwareGroupsLimit }): HardwareGrouped {
  const groups = new Map<string, HardwareGroup>();
  const others: HardwareGroup = { provider: "", location: "", others: true, totals: noHardware() };
  return {
    of: (provider, location) => {
      const key = JSON.stringify([provider, location]);
      const known = groups.get(key);
      if (known !== undefined || groups.size >= limits.apart) {
        return (known ?? others).totals;
      }
      const group = { provider, location, others: false, totals: noHardware() };
      groups.set(key, group);
      return group.totals;
    },
    groups: () => {
      const sorted = [...groups.values()].toSorted((one, other) => other.totals.reports - one.totals.reports);
      const room = sorted.length <= limits.stored && others.totals.reports === 0 ? limits.stored : limits.stored - 1;
      sorted.slice(room).forEach(({ totals }) => hardwareAdd(others.totals, totals));
      return [...sorted.slice(0, room), ...(others.totals.reports === 0 ? [] : [others])];
    },
  };
}

/** Adds hardware to a total. */
export function hardwareAdd(total: HardwareAmountsTotal, more: Readonly<HardwareAmountsTotal>): void {
  for (const key of ["reports", "cores", "threads", "memoryBytes", "disks", "diskBytes", "unreadable"] as const) {
    total[key] += more[key];
  }
}
