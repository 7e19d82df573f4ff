import type { Fault } from "./faults.ts";
import { agentTraits } from "./faults.ts";
import { startAgent, type AgentRun } from "./agent/agent.ts";
import { ed25519KeyPair, ed25519PrivateKeyPem } from "../lib/tls/ed25519.ts";
import { selfSignedCertificate } from "../lib/tls/self-signed.ts";
import type { SimulatedMachine, World } from "./world.ts";

/** A machine of the fleet with its agents: one, none, or a second with the same key. */
export interface FleetMachine {
  readonly machine: SimulatedMachine;
  start(delay: number): void;
  disconnect(atOnce: boolean): void;
  /** Its agent vanishes, and returns as a new run after `back` milliseconds. */
  kill(back: number): void;
  /** Adds a second agent with the same key for `lasts` milliseconds. */
  duplicate(lasts: number): void;
  /** Ends lasting faults: every machine has one agent again. */
  settle(): void;
  stop(): void;
  readonly agent: AgentRun | undefined;
}

/** Makes a machine's key and certificate. The key is new each time, because a seed is not a secret. */
export function machineMake(options: { seed: string; index: number; faults: readonly Fault[] }): {
  machine: Omit<SimulatedMachine, "machineId">;
  publicKey: Uint8Array<ArrayBuffer>;
} {
  const { seed, index } = options;
  const name = `sim-${seed}-${index}`;
  const { privateKey, publicKey } = ed25519KeyPair();
  const { slow, validYears } = agentTraits(options.faults, seed, index);
  const key = ed25519PrivateKeyPem(privateKey);
  const certificate = selfSignedCertificate(privateKey, name, validYears);
  return { machine: { index, name, key, certificate, slow }, publicKey };
}

/** Makes a machine without an agent. */
export function fleetMachine(world: World, machine: SimulatedMachine): FleetMachine {
  let agent: AgentRun | undefined;
  let twin: AgentRun | undefined;
  let returning: NodeJS.Timeout | undefined;
  let leaving: NodeJS.Timeout | undefined;
  let stopped = false;

  function back(): void {
    clearTimeout(returning);
    if (agent === undefined && !stopped) {
      agent = startAgent(world, machine, 0);
    }
  }

  function twinEnd(): void {
    clearTimeout(leaving);
    twin?.vanish();
    twin = undefined;
  }

  return {
    machine,
    start: (delay) => {
      agent = startAgent(world, machine, delay);
    },
    disconnect: (atOnce) => {
      agent?.disconnect(atOnce);
      twin?.disconnect(atOnce);
    },
    kill: (milliseconds) => {
      if (agent !== undefined) {
        agent.vanish();
        agent = undefined;
        returning = setTimeout(back, milliseconds);
      }
    },
    duplicate: (milliseconds) => {
      if (twin === undefined && !stopped) {
        twin = startAgent(world, machine, 0);
        leaving = setTimeout(twinEnd, milliseconds);
      }
    },
    settle: () => {
      twinEnd();
      back();
    },
    stop: () => {
      stopped = true;
      twinEnd();
      clearTimeout(returning);
      agent?.vanish();
      agent = undefined;
    },
    get agent() {
      return agent;
    },
  };
}
