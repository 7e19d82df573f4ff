import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import type { AgentKey, MachineId } from "../../ids.ts";
import { machineLock } from "../../machine-lock.ts";
import type { Session } from "../../session.ts";
import { transact, type Tx } from "../../transaction.ts";
import { agentKeyIs, agentKeySet, keyStart } from "./agent.ts";

/**
 * Accepts the key of a takeover's agent for `seconds`, beside the earlier agent's key.
 * @throws {DatabaseError} `session_lost`; `unavailable`
 */
export async function takeoverKeyRegister(
  database: Database,
  session: Session,
  { machineId, publicKey, seconds }: { machineId: MachineId; publicKey: AgentKey; seconds: number },
): Promise<void> {
  await transact(database, session, async (tx) => {
    if (!(await machineLock(tx, machineId))) {
      return;
    }
    const row = {
      agent_public_key: Buffer.from(publicKey),
      registered_at: sql<Date>`now()`,
      good_until: sql<Date>`now() + make_interval(secs => ${seconds})`,
    };
    await tx
      .insertInto("machine_takeover_key")
      .values({ machine_id: machineId, ...row })
      .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
      .execute();
    const actor = { kind: "component" as const, name: session.component };
    const detail = { key: keyStart(publicKey) };
    await historyAppend(tx, [{ machineId, actor, event: "takeover_begun", sessionId: session.id, detail }]);
  });
}

/** Forgets the key of a takeover that failed. The caller has locked the machine. */
export async function takeoverKeyForget(tx: Tx, machineId: MachineId): Promise<void> {
  await tx.deleteFrom("machine_takeover_key").where("machine_id", "=", machineId).execute();
}

/** How far the agent of a takeover has come. */
export type TakeoverAgent =
  /** Its key is accepted, and it has not called. */
  | "awaited"
  /** It has sent a heartbeat: its key is the machine's. */
  | "heard"
  /** Its key is accepted no longer. */
  | "gone";

/** How far the agent with this key has come. @throws {DatabaseError} `unavailable` */
export async function takeoverAgent(
  database: Database,
  { machineId, publicKey }: { machineId: MachineId; publicKey: AgentKey },
): Promise<TakeoverAgent> {
  const key = Buffer.from(publicKey);
  const { rows } = await sql<{ state: TakeoverAgent }>`
    SELECT CASE
      WHEN EXISTS (
        SELECT FROM machine_agent_started a
        JOIN machine_agent_heartbeat h ON h.machine_id = a.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
        WHERE a.machine_id = ${machineId} AND a.agent_public_key = ${key}
      ) THEN 'heard'
      WHEN EXISTS (SELECT FROM machine_agent_started WHERE machine_id = ${machineId} AND agent_public_key = ${key})
        OR EXISTS (
          SELECT FROM machine_takeover_key WHERE machine_id = ${machineId} AND agent_public_key = ${key} AND good_until > now()
        ) THEN 'awaited'
      ELSE 'gone'
    END AS state`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0]?.state ?? "gone";
}

/**
 * The key of a takeover whose agent may still call; undefined if there is none.
 * @throws {DatabaseError} `unavailable`
 */
export async function takeoverKeyOf(database: Database, machineId: MachineId): Promise<AgentKey | undefined> {
  const { rows } = await sql<{ agent_public_key: AgentKey }>`
    SELECT agent_public_key FROM machine_takeover_key WHERE machine_id = ${machineId} AND good_until > now()`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0]?.agent_public_key;
}

/**
 * Makes the key of a takeover's agent, which has just called with it, the machine's: an earlier one stops. False if it is
 * neither such a key any more nor the machine's, as another call has made it.
 * @throws {DatabaseError} `unavailable`
 */
export async function takeoverKeyAccept(
  database: Database,
  { machineId, publicKey }: { machineId: MachineId; publicKey: AgentKey },
): Promise<boolean> {
  return transact(database, null, async (tx) => {
    if (!(await machineLock(tx, machineId))) {
      return false;
    }
    const taken = await tx
      .deleteFrom("machine_takeover_key")
      .where("machine_id", "=", machineId)
      .where("agent_public_key", "=", Buffer.from(publicKey))
      .where("good_until", ">", sql<Date>`now()`)
      .returning("machine_id")
      .executeTakeFirst();
    if (taken === undefined) {
      return agentKeyIs(tx, { machineId, publicKey });
    }
    const before = await agentKeySet(tx, { machineId, publicKey, replace: true });
    const actor = { kind: "agent" as const, name: keyStart(publicKey) };
    const detail = { key: keyStart(publicKey), by: "ssh" };
    await historyAppend(tx, [
      before === undefined
        ? { machineId, actor, event: "agent_registered", detail }
        : { machineId, actor, event: "agent_replaced", detail: { ...detail, before: keyStart(before) } },
    ]);
    return true;
  });
}
