import type { MachineStateOwner } from "../../../database/machine-state.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";

/** Who can start an agent on the machine: a shepherd by its provider's power switch; without one an operator, by hand. Pure. */
export function agentStarter({ providing }: MachineRecord): MachineStateOwner {
  return providing?.power === true ? "shepherd" : "operator";
}
