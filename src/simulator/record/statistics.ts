import { histogram, type Histogram } from "./histogram.ts";

/** The counters, from the beginning. */
export const counterNames = [
  "connections",
  "heartbeats",
  "heartbeatsUnavailable",
  "heartbeatsRefused",
  "progressReports",
  "progressUnavailable",
  "watchesOpened",
  "watchEvents",
  "requests",
  "repeats",
  "replaced",
  "cancelled",
  "operatorsRefused",
  "operatorsRetried",
  "begun",
  "writingAcknowledged",
  "succeeded",
  "failed",
  "calledOff",
  "disconnects",
  "kills",
  "duplicates",
  "storms",
] as const;
export type Counter = (typeof counterNames)[number];

/** Counts and durations of a simulation. */
export interface Statistics {
  counts: Record<Counter, number>;
  /** Durations from the beginning, and since the display's last update. */
  heartbeat: { all: Histogram; recent: Histogram };
  /** From sending a request to its arrival at an agent, by way. */
  heard: { watch: Histogram; heartbeat: Histogram };
  connect: Histogram;
}

/** All zero. */
export function createStatistics(): Statistics {
  return {
    counts: Object.fromEntries(counterNames.map((name) => [name, 0])) as Record<Counter, number>,
    heartbeat: { all: histogram(), recent: histogram() },
    heard: { watch: histogram(), heartbeat: histogram() },
    connect: histogram(),
  };
}
