import type { FleetMachine } from "../machine.ts";
import type { SimulationRecord } from "./record.ts";
import type { Counter, Statistics } from "./statistics.ts";

/** The phase of a simulation. */
export type SimulationPhase = "registering" | "running" | "settling" | "ended";

/** The status of a running simulation. */
export interface SimulationStatus {
  phase: SimulationPhase;
  /** Seconds since it began to run. */
  seconds: number;
  machines: number;
  /** Number of agents in each state; `away` means vanished temporarily. */
  agents: Record<"connected" | "watching" | "idle" | "installing" | "reporting" | "away", number>;
  /** Since the last status. */
  heartbeatsPerSecond: number;
  /** Milliseconds. */
  heartbeat: { p50: number; p99: number };
  /** Milliseconds from a request to its arrival at an agent. */
  heard: { p50: number; p99: number };
  /** Requests without a final result. */
  open: number;
  counts: Record<Counter, number>;
  violations: number;
}

/** Makes a function that returns the status; each covers the time since the last one. */
export function statusLook(options: {
  statistics: Statistics;
  record: SimulationRecord;
  fleet: readonly FleetMachine[];
  now: () => number;
}): (phase: SimulationPhase) => SimulationStatus {
  const { statistics, record, fleet, now } = options;
  const begun = now();
  let last = begun;
  return (phase) => {
    const at = now();
    const { recent } = statistics.heartbeat;
    const status: SimulationStatus = {
      phase,
      seconds: (at - begun) / 1000,
      machines: fleet.length,
      agents: agentStates(fleet),
      heartbeatsPerSecond: at > last ? (recent.count / (at - last)) * 1000 : 0,
      heartbeat: { p50: recent.quantile(0.5), p99: recent.quantile(0.99) },
      heard: { p50: statistics.heard.watch.quantile(0.5), p99: statistics.heard.watch.quantile(0.99) },
      open: record.openAll().length,
      counts: statistics.counts,
      violations: record.violations.length,
    };
    recent.clear();
    last = at;
    return status;
  };
}

function agentStates(fleet: readonly FleetMachine[]): SimulationStatus["agents"] {
  const states = { connected: 0, watching: 0, idle: 0, installing: 0, reporting: 0, away: 0 };
  for (const { agent } of fleet) {
    if (agent === undefined) {
      states.away += 1;
    } else {
      states[agent.kind] += 1;
      states.connected += agent.connected ? 1 : 0;
      states.watching += agent.watching ? 1 : 0;
    }
  }
  return states;
}
