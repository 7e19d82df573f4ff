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
  /** Milliseconds: the longest writing on a good link. */
  writing: number;
  endpoints: readonly HostPort[];
  /** PEM of the CA that vouches for the control plane; absent = the system's roots. */
  ca: string | undefined;
  /** Handshakes under way at a time. */
  handshakes: Gate;
  clock: Clock;
  /** For jitter: not what the plan of the simulation depends on. */
  random: Prng;
  record: SimulationRecord;
  statistics: Statistics;
}

/** A machine of the made-up fleet, as the control plane knows it. */
export interface SimulatedMachine {
  /** From 0. */
  index: number;
  name: string;
  machineId: string;
  /** PEM of the agent's private key, and of the certificate that it shows. */
  key: string;
  certificate: string;
  slow: boolean;
}
