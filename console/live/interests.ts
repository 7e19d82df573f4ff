import type { MachineFilter } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { LiveInterest } from "./live-message.ts";

/** Machines that a stream can be asked for by id. */
export const interestMost = 1_000;

/** The id of no machine. */
const nobody = "00000000-0000-0000-0000-000000000000";

/** What to watch for these ids and this filter: without any, no machine, where the server would send the whole fleet's changes. Pure. */
export function watchedOf({ machines, filter }: { machines: string[]; filter: MachineFilter | undefined }): {
  machines: string[];
  filter?: MachineFilter;
} {
  return filter === undefined ? { machines: machines.length === 0 ? [nobody] : machines } : { machines, filter };
}

/** What every tab shows, as the leader knows it. */
export interface Interests {
  /** Notes what a tab shows; `focused` if a person looks at it. */
  set(tab: string, interest: LiveInterest, focused: boolean): void;
  /** A tab is gone. */
  remove(tab: string): void;
  /** All together: the ids of all tabs, the newest tab's first, and the filter of the tab that was last looked at. */
  all(): { machines: string[]; filter: MachineFilter | undefined };
}

/** Keeps the interests of a browser's tabs. */
export function interests(): Interests {
  // Ordered by the last look: the last entry is the tab that was looked at last.
  const byTab = new Map<string, LiveInterest>();
  return {
    set: (tab, interest, focused) => {
      if (focused) {
        byTab.delete(tab);
      }
      byTab.set(tab, interest);
    },
    remove: (tab) => void byTab.delete(tab),
    all: () => {
      const latest = [...byTab.values()].toReversed();
      const machines = [...new Set(latest.flatMap((interest) => interest.machines))].slice(0, interestMost);
      return { machines, filter: latest.find(({ filter }) => filter !== undefined)?.filter };
    },
  };
}
