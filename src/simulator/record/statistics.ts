import { histogram, type Histogram } from "./histogram.ts";

/** What is counted, from the beginning. */
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
  /** Durations from the beginning, and since the last look of the display. */
  heartbeat: { all: Histogram; recent: Histogram };
  /** From the sending of a request to its agent's hearing of it, by way. */
  heard: { watch: Histogram; heartbeat: Histogram };
  connect: Histogram;
}

/** All at zero. */
export function createStatistics(): Statistics {
  return {
    counts: Object.fromEntries(counterNames.map((name) => [name, 0])) as Record<Counter, number>,
    heartbeat: { all: histogram(), recent: histogram() },
    heard: { watch: histogram(), heartbeat: histogram() },
    connect: histogram(),
  };
}
