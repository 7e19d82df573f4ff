import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { AgentKey, MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import { operatorCommandFind, operatorCommandRecord } from "../../operator-command-record.ts";
import { machineLock } from "../../machine-lock.ts";
import type { OperatorCommand } from "../../operator-command.ts";

/**
 * Binds an agent's key to a machine. The previous key stops working at once.
 * @throws {DatabaseError} `not_found`; `refused` if another key is bound and `replace` is not set; `request_id_reused`
 */
export async function agentRegister(
  database: Database,
  command: OperatorCommand & { publicKey: AgentKey; replace: boolean; actor: Actor },
): Promise<void> {
  const { machineId, actor } = command;
  await transact(database, null, async (tx) => {
    const there = await machineLock(tx, machineId);
    if ((await operatorCommandFind(tx, command)) !== undefined) {
      return;
    }
    if (!there) {
      throw new DatabaseError("not_found", `there is no machine "${machineId}"`);
    }
    const before = await agentKeySet(tx, { machineId, publicKey: command.publicKey, replace: command.replace });
    await operatorCommandRecord(tx, command, 0n);
    const detail = { key: keyStart(command.publicKey) };
    await historyAppend(tx, [
      before === undefined
        ? { machineId, actor, event: "agent_registered", detail }
        : { machineId, actor, event: "agent_replaced", detail: { ...detail, before: keyStart(before) } },
    ]);
  });
}

/**
 * Binds the key under the machine's lock, without history; resolves to the previous key.
 * @throws {DatabaseError} `refused` if another key is bound and `replace` is not set
 */
export async function agentKeySet(
  tx: Tx,
  agent: { machineId: MachineId; publicKey: AgentKey; replace: boolean },
): Promise<Uint8Array | undefined> {
  const publicKey = Buffer.from(agent.publicKey);
  const bound = await tx
    .selectFrom("machine_agent_started")
    .select("agent_public_key")
    .where("machine_id", "=", agent.machineId)
    .executeTakeFirst();
  if (bound !== undefined && !agent.replace) {
    throw new DatabaseError(
      "refused",
      `this machine has an agent already (key ${keyStart(bound.agent_public_key)}): replace it only if that agent may stop`,
    );
  }
  if (bound !== undefined && !publicKey.equals(bound.agent_public_key)) {
    // Heartbeats of the earlier key end here, also a heartbeat that began after this transaction or waits for this row.
    await sql`
      UPDATE machine_agent_heartbeat SET heartbeat_bucket = 0,
        agent_heartbeat_at = least(agent_heartbeat_at, now() - interval '1 microsecond')
      WHERE machine_id = ${agent.machineId}`.execute(tx);
  }
  const row = { agent_started_at: sql<Date>`now()`, agent_public_key: publicKey };
  await tx
    .insertInto("machine_agent_started")
    .values({ machine_id: agent.machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
  return bound?.agent_public_key;
}

/** Whether an agent's key is bound to the machine. The caller has locked the machine. */
export async function agentIsBound(tx: Tx, machineId: MachineId): Promise<boolean> {
  const bound = await tx
    .selectFrom("machine_agent_started")
    .select("machine_id")
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  return bound !== undefined;
}

/** Whether this key is the one of the machine's agent. The caller has locked the machine. */
export async function agentKeyIs(
  tx: Tx,
  { machineId, publicKey }: { machineId: MachineId; publicKey: AgentKey },
): Promise<boolean> {
  const bound = await tx
    .selectFrom("machine_agent_started")
    .select("machine_id")
    .where("machine_id", "=", machineId)
    .where("agent_public_key", "=", Buffer.from(publicKey))
    .executeTakeFirst();
  return bound !== undefined;
}

/** The first 8 bytes of a key in hex, enough to distinguish keys in history and logs. */
export function keyStart(key: Uint8Array): string {
  return Buffer.from(key.subarray(0, 8)).toString("hex");
}
