import type { MachineStateOwner } from "../../../database/machine-state.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";
import { isLeftRunning, switchedBy } from "../switched-by.ts";

/**
 * Who can start an agent on the machine: a shepherd by its controller or its provider's power switch; without them an operator, by
 * hand. An operator too while the machine runs something that nobody has allowed to stop. Pure.
 */
export function agentStarter(record: MachineRecord): MachineStateOwner {
  return switchedBy(record) === undefined || isLeftRunning(record) ? "operator" : "shepherd";
}
