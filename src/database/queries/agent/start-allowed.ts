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

/**
 * Whether the machine may be switched off to start an agent, whatever runs on it. A machine without a controller is its provider's to
 * switch.
 * @throws {DatabaseError} `unavailable`
 */
export async function startAllowed(database: Database, machineId: MachineId): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM machines m WHERE m.machine_id = ${machineId} AND (
      EXISTS (SELECT FROM machine_start_allowed l WHERE l.machine_id = m.machine_id)
      OR NOT EXISTS (SELECT FROM machine_controller c WHERE c.machine_id = m.machine_id)
    )`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.length > 0;
}

/**
 * Records that the machine may be switched off to start an agent, as an operator's command.
 * @throws {DatabaseError} `not_found`; `refused` if the machine has no power switch; `request_id_reused`
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
      SELECT FROM machine_provided p JOIN provider v ON v.provider = p.provider AND v.power
      WHERE p.machine_id = ${machineId}`.execute(tx);
    if (rows.length === 0) {
      throw new DatabaseError(
        "refused",
        "nothing switches this machine: it has no controller, and its provider has no power switch. `farrier bmc add --help` says how to add its controller, `farrier agent init --help` how to start an agent by hand",
      );
    }
    await startAllow(tx, machineId, actor);
    // What failed before does not hold this start up.
    await startSucceeded(tx, machineId);
    await tx
      .deleteFrom("work_backoff")
      .where("machine_id", "=", machineId)
      .where("process", "=", "ShepherdAgentStart")
      .execute();
    if (bootBy !== undefined) {
      await bootBySet(tx, machineId, { means: bootBy === "auto" ? undefined : bootBy, setBy: actor.name });
    }
    return { generation: 0n };
  });
}
