import type { ClosedHow } from "./generation-record.ts";
import type { Histogram } from "./histogram.ts";
import type { SimulationOptions } from "../options.ts";
import type { SimulationRecord } from "./record.ts";
import type { Counter, Statistics } from "./statistics.ts";

/** Milliseconds. */
interface Quantiles {
  count: number;
  p50: number;
  p99: number;
  worst: number;
}

/** The result of a simulation, as `--json` prints it. */
export interface SimulationSummary {
  agents: number;
  seed: string;
  faults: readonly string[];
  seconds: number;
  counts: Record<Counter, number>;
  heartbeatsPerSecond: number;
  heartbeat: Quantiles;
  connect: Quantiles;
  /** From sending a request to its arrival at an agent. */
  heard: { watch: Quantiles; heartbeat: Quantiles };
  /** Number of generations, and of those by how they ended; `left` have no known end. */
  generations: { all: number; left: number; closed: Partial<Record<ClosedHow, number>> };
  violations: readonly string[];
}

/** Computes the summary. */
export function summarise(options: {
  options: SimulationOptions;
  statistics: Statistics;
  record: SimulationRecord;
  /** Milliseconds that it ran. */
  ran: number;
}): SimulationSummary {
  const { statistics, record, ran } = options;
  const { agents, seed, faults } = options.options;
  const closed: Partial<Record<ClosedHow, number>> = {};
  let all = 0;
  for (const each of record.generations()) {
    all += 1;
    if (each.closed !== undefined) {
      closed[each.closed.how] = (closed[each.closed.how] ?? 0) + 1;
    }
  }
  const { heartbeat, connect, heard, counts } = statistics;
  return {
    agents,
    seed,
    faults,
    seconds: round(ran / 1000),
    counts,
    heartbeatsPerSecond: round((counts.heartbeats / ran) * 1000),
    heartbeat: quantiles(heartbeat.all),
    connect: quantiles(connect),
    heard: { watch: quantiles(heard.watch), heartbeat: quantiles(heard.heartbeat) },
    generations: { all, left: record.openAll().length, closed },
    violations: record.violations,
  };
}

function quantiles(of: Histogram): Quantiles {
  return {
    count: of.count,
    p50: round(of.quantile(0.5)),
    p99: round(of.quantile(0.99)),
    worst: round(of.quantile(1)),
  };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
