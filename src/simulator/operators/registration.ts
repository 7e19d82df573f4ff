import { randomUUID, X509Certificate } from "node:crypto";
import { InstallationState, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { Fault } from "../faults.ts";
import { machineMake } from "../machine.ts";
import { isThere, uuidOf, type Operators } from "./operators.ts";
import { SimulationRefused } from "../options.ts";
import type { SimulatedMachine } from "../world.ts";

/** The registered fleet, and what the control plane answered. */
export interface Registered {
  machines: SimulatedMachine[];
  /** Where agents reach the control plane, according to its answer. */
  endpoint: string;
  /** PEM; undefined if the system's roots suffice. */
  ca: string | undefined;
  /** The newest generations of an earlier simulation. */
  earlier: { machine: number; generation: bigint; pending: boolean }[];
}

/** Concurrent calls. */
const callsAtATime = 32;

/**
 * Adds the fleet's machines, or finds existing ones, and binds new keys to them. `done` is called for each.
 * @throws {ConnectError} as `Operators`
 */
export async function fleetRegister(options: {
  operators: Operators;
  seed: string;
  agents: number;
  faults: readonly Fault[];
  done: () => void;
}): Promise<Registered> {
  const { operators, seed, agents, faults } = options;
  const machines: SimulatedMachine[] = [];
  const earlier: Registered["earlier"] = [];
  let endpoint = "";
  let ca: Uint8Array = new Uint8Array();
  const one = async (index: number): Promise<void> => {
    const { machine, publicKey } = machineMake({ seed, index, faults });
    const known = await machineEnsure(operators, seed, machine.name);
    const { installation } = known;
    if (installation !== undefined) {
      const { generation, state } = installation;
      earlier.push({ machine: index, generation, pending: state === InstallationState.PENDING });
    }
    const requestId = randomUUID();
    const answer = await operators.call(({ agents: keys }) =>
      keys.agentRegister({ requestId, machine: known.id, publicKey, replace: true }),
    );
    ({ endpoint, caCertificate: ca } = answer);
    machines[index] = { ...machine, machineId: known.id };
    options.done();
  };
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(callsAtATime, agents) }, async () => {
      while (next < agents) {
        next += 1;
        await one(next - 1);
      }
    }),
  );
  return {
    machines,
    endpoint,
    ca: ca.length === 0 ? undefined : new X509Certificate(ca).toString(),
    earlier,
  };
}

async function machineEnsure(operators: Operators, seed: string, name: string): Promise<Machine> {
  let machine: Machine | undefined;
  try {
    ({ machine } = await operators.call(({ machines }) =>
      machines.machineAdd({
        requestId: uuidOf("farrier simulator machine", name),
        provider: "simulated",
        providerId: name,
        name,
        labels: { simulated: seed },
      }),
    ));
  } catch (error) {
    // From an earlier simulation whose request was forgotten since.
    if (!isThere(error)) {
      throw error;
    }
    ({ machine } = await operators.call(({ machines }) => machines.machineShow({ machine: name })));
  }
  if (machine === undefined) {
    throw new SimulationRefused(`the control plane did not say which machine ${name} is: is it of this version?`);
  }
  return machine;
}
