import type { RolloutMachine } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import type { StateLook } from "../../parts/machine-state-looks.ts";
import { rolloutMachineLook } from "../../parts/rollout-looks.ts";

/** Machines that the plan refuses for one reason. */
export interface RefusalGroup {
  look: StateLook;
  cause: string;
  machines: number;
  /** The first of them. */
  machineId: string;
  machineName: string;
  error: string;
}

/** The machines that the plan refuses, or that have changed since, by reason: the most frequent first. Pure. */
export function refusalGroups(machines: readonly RolloutMachine[]): RefusalGroup[] {
  const groups = new Map<string, RefusalGroup>();
  for (const machine of machines) {
    const refused = machine.refused !== "" && rolloutMachineLook(machine).word === "refused";
    const error = refused ? machine.refused : machine.changed;
    if (error === "") {
      continue;
    }
    const cause = refused ? "refused by the plan" : "changed since the plan";
    const key = `${cause}\n${error}`;
    const group = groups.get(key) ?? {
      look: rolloutMachineLook(machine),
      cause,
      machines: 0,
      machineId: machine.machineId,
      machineName: machine.name,
      error,
    };
    groups.set(key, { ...group, machines: group.machines + 1 });
  }
  return [...groups.values()].toSorted((one, other) => other.machines - one.machines);
}
