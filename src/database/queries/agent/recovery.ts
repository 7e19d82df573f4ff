import type { Actor } from "../../actor.ts";
import type { MachineId, SessionId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";

/**
 * Records that a machine's agent is lost. If another agent can be started, the agent's tags are removed, so that agent
 * start applies again. Otherwise they stay, so that the same agent is accepted when it is started again.
 */
export async function agentLost(
  tx: Tx,
  machineId: MachineId,
  options: { actor: Actor; sessionId: SessionId; removeAgent: boolean },
): Promise<void> {
  if (options.removeAgent) {
    await tx.deleteFrom("machine_agent_heartbeat").where("machine_id", "=", machineId).execute();
    await tx.deleteFrom("machine_agent_started").where("machine_id", "=", machineId).execute();
  }
  await historyAppend(tx, [
    {
      machineId,
      actor: options.actor,
      event: "agent_lost",
      sessionId: options.sessionId,
      process: "ShepherdRecovery",
      detail: { agentRemoved: options.removeAgent },
    },
  ]);
}
