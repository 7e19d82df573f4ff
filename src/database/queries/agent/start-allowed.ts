import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { bootBySet, startSucceeded } from "./start-means.ts";
import { DatabaseError, translate } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import type { MachineId } from "../../ids.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { OperatorCommand } from "../../operator-command.ts";
import type { Tx } from "../../transaction.ts";

/**
 * Records that the machine may be switched off to start an agent, whatever runs on it. Changes nothing if that is
 * recorded already. The caller has locked the machine.
 */
export async function startAllow(tx: Tx, machineId: MachineId, actor: Actor): Promise<void> {
  const { rows } = await sql`
    INSERT INTO machine_start_allowed (machine_id, allowed_by) VALUES (${machineId}, ${actor.name})
    ON CONFLICT DO NOTHING RETURNING machine_id`.execute(tx);
  await historyAppend(tx, rows.length === 0 ? [] : [{ machineId, actor, event: "agent_start_allowed" as const }]);
}

/** Records the same silently, because an agent has enrolled from a network boot: nothing else runs on the machine. */
export async function startAllowByAgent(tx: Tx, machineId: MachineId): Promise<void> {
  await sql`
    INSERT INTO machine_start_allowed (machine_id, allowed_by) VALUES (${machineId}, 'its agent')
    ON CONFLICT DO NOTHING`.execute(tx);
}

/** Whether agents may be started on a machine. */
export interface StartPermission {
  /**
   * It may be switched off, whatever runs on it: somebody has allowed it, an agent of its own network boot or an
   * installation has run on it, or its provider's configuration says so.
   */
  allowed: boolean;
  /** It ran something before Farrier started anything on it. */
  foundRunning: boolean;
}

/** Reads whether agents may be started on a machine. @throws {DatabaseError} `unavailable` */
export async function startPermission(database: Database, machineId: MachineId): Promise<StartPermission> {
  const { rows } = await sql<StartPermission>`
    SELECT start_allowed(${machineId}) AS allowed,
      EXISTS (SELECT FROM machine_found_running WHERE machine_id = ${machineId}) AS "foundRunning"`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0] ?? { allowed: false, foundRunning: false };
}

/**
 * Records that the machine may be switched off to start an agent, as an operator's command.
 * @throws {DatabaseError} `not_found`; `refused` if nothing can start an agent on the machine, or none is needed;
 * `request_id_reused`
 */
export async function startAllowOnce(
  database: Database,
  request: OperatorCommand & {
    actor: Actor;
    /** The means of starts from now on; "auto" = Farrier chooses; absent = unchanged. */
    bootBy?: string;
  },
): Promise<void> {
  const { machineId, actor, bootBy } = request;
  await operatorCommandOnce(database, request, async (tx) => {
    const { rows } = await sql`
      SELECT FROM machine_controller WHERE machine_id = ${machineId}
      UNION ALL
      SELECT FROM machine_ssh WHERE machine_id = ${machineId}
      UNION ALL
      SELECT FROM machine_provided p JOIN provider v ON v.provider = p.provider AND v.power
      WHERE p.machine_id = ${machineId}`.execute(tx);
    if (rows.length === 0) {
      throw new DatabaseError(
        "refused",
        "nothing starts an agent on this machine: it has no controller and no SSH account, and its provider has no power switch. `farrier bmc add --help` says how to add its controller, `farrier machine update --help` its SSH account, `farrier agent init --help` how to start an agent by hand",
      );
    }
    const { rows: wanted } = await sql`SELECT WHERE agent_wanted(${machineId})`.execute(tx);
    if (wanted.length === 0) {
      throw new DatabaseError(
        "refused",
        "no agent is started on this machine: it is in quarantine, or it is installed and no installation is requested. An installation request starts one: `farrier machine install --help`",
      );
    }
    await startAllow(tx, machineId, actor);
    // What failed before does not hold this start up.
    await startSucceeded(tx, machineId);
    await tx
      .deleteFrom("work_backoff")
      .where("machine_id", "=", machineId)
      .where("process", "in", ["ShepherdAgentStart", "ShepherdRecovery"])
      .execute();
    if (bootBy !== undefined) {
      await bootBySet(tx, machineId, { means: bootBy === "auto" ? undefined : bootBy, setBy: actor.name });
    }
    return { generation: 0n };
  });
}
