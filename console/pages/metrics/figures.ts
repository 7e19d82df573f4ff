import type { FleetSummaryResponse } from "../../../gen/farrier/operator/v1/fleet_pb.ts";

/** One figure of the fleet. */
export interface Figure {
  what: string;
  which: string;
  count: bigint;
}

/** The figures of a summary, in the order in which they are shown. Pure. */
export function figures(summary: FleetSummaryResponse): Figure[] {
  const counts = (what: string, map: Readonly<Record<string, bigint>>): Figure[] =>
    Object.entries(map)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([which, count]) => ({ what, which, count }));
  return [
    { what: "machines", which: "all", count: summary.machines },
    ...counts("machines", summary.states),
    { what: "requests", which: "pending", count: summary.pending },
    ...summary.eligible.map(({ process, provider, machines }) => ({
      what: "eligible",
      which: `${process} ${provider}`,
      count: machines,
    })),
    ...counts("components", summary.sessions),
    ...counts("work", summary.work),
    ...counts("waits", summary.backoffs),
  ];
}
