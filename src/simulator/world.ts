import type { Clock } from "../lib/clock.ts";
import type { HostPort } from "../lib/net/host-port.ts";
import type { Prng } from "../lib/prng.ts";
import type { Fault } from "./faults.ts";
import type { Gate } from "./gate.ts";
import type { SimulationRecord } from "./record/record.ts";
import type { Statistics } from "./record/statistics.ts";

/** What all agents of a simulation share. */
export interface World {
  seed: string;
  faults: readonly Fault[];
  /** Milliseconds. */
  interval: number;
  /** Machines whose first generation fails, by their index. */
  failing: ReadonlySet<number>;
  /** Milliseconds: the longest writing on a good link. */
  writing: number;
  endpoints: readonly HostPort[];
  /** PEM of the CA of the agent port's certificate; absent means the system's roots. */
  ca: string | undefined;
  /** Limits concurrent handshakes. */
  handshakes: Gate;
  clock: Clock;
  /** For jitter, which the simulation's plan does not depend on. */
  random: Prng;
  record: SimulationRecord;
  statistics: Statistics;
}

/** A machine of the simulated fleet, as the control plane knows it. */
export interface SimulatedMachine {
  /** From 0. */
  index: number;
  name: string;
  machineId: string;
  /** PEM of the agent's private key, and of its certificate. */
  key: string;
  certificate: string;
  slow: boolean;
}
