import { sql } from "kysely";
import type { AgentKey, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/**
 * Stores what the machine's agent can do beyond version 1 of the contract, as it reports; an empty list removes the
 * features of an earlier agent. The machine must be locked.
 */
export async function agentFeaturesSet(
  tx: Tx,
  { machineId, publicKey, features }: { machineId: MachineId; publicKey: AgentKey; features: readonly string[] },
): Promise<void> {
  if (features.length === 0) {
    await tx.deleteFrom("machine_agent_features").where("machine_id", "=", machineId).execute();
    return;
  }
  await sql`
    INSERT INTO machine_agent_features AS t (machine_id, agent_public_key, features)
    VALUES (${machineId}, ${Buffer.from(publicKey)}, ${[...features]}::text[])
    ON CONFLICT (machine_id) DO UPDATE SET agent_public_key = excluded.agent_public_key, features = excluded.features
    WHERE (t.agent_public_key, t.features) IS DISTINCT FROM (excluded.agent_public_key, excluded.features)`.execute(tx);
}
