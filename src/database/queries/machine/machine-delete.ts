import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import { installationStanding } from "../installation/installation-standing.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { OperatorCommand } from "../../operator-command.ts";

/** The tables that are keyed by a machine and deleted with it; a test compares the list with the schema. */
export const machineTags = [
  "machine_provided",
  "machine_smbios",
  "machine_mac",
  "machine_boot_window",
  "machine_netboot",
  "machine_agent_started",
  "machine_agent_heartbeat",
  "machine_agent_log",
  "machine_agent_features",
  "machine_hardware_report",
  "machine_hardware_report_earlier",
  "machine_os_installation_request",
  "machine_os_installation_report",
  "machine_os_installation_progress",
  "machine_os_installation_run",
  "machine_os_installation_writer",
  "machine_disk_begun",
  "machine_os_installation_retry",
  "machine_os_installed",
  "machine_installation_profile",
  "machine_came_up",
  "machine_quarantine",
  "machine_controller",
  "machine_controller_contact",
  "machine_power",
  "machine_health",
  "machine_controller_refusal",
  "machine_start_allowed",
  "machine_boot_by",
  "machine_start_failure",
  "machine_start",
  "machine_found_running",
  "machine_ssh",
  "machine_takeover_key",
  "machine_network",
  "machine_controller_wanted",
  "machine_doubted",
  "controller_operation",
  "machine_rollout_hold",
  "rollout_machine",
  "work_backoff",
] as const;

/**
 * Deletes a machine with all its tags. What stays: its history, its tombstone (no generation is reused if its id comes
 * back), and the records of commands.
 * @throws {DatabaseError} `not_found`; `refused` while an installation is pending or work is held; `request_id_reused`
 */
export async function machineDelete(database: Database, request: OperatorCommand & { actor: Actor }): Promise<void> {
  const { machineId, actor } = request;
  await operatorCommandOnce(
    database,
    request,
    async (tx) => {
      const { pending } = await installationStanding(tx, machineId);
      if (pending !== null) {
        throw new DatabaseError("refused", `generation ${pending} is pending on this machine: cancel it first`);
      }
      const held = await tx.selectFrom("work").select("process").where("machine_id", "=", machineId).execute();
      if (held.length > 0) {
        const processes = held.map(({ process }) => process).join(", ");
        throw new DatabaseError("refused", `${processes} is running on this machine: wait until it has ended`);
      }
      const { rows } = await sql<{ name: string | null; provider: string | null; provider_id: string | null }>`
        SELECT m.name, p.provider, p.provider_id FROM machines m
        LEFT JOIN machine_provided p ON p.machine_id = m.machine_id WHERE m.machine_id = ${machineId}`.execute(tx);
      for (const tag of machineTags) {
        await tx.deleteFrom(tag).where("machine_id", "=", machineId).execute();
      }
      await tx.deleteFrom("machines").where("machine_id", "=", machineId).execute();
      const [was] = rows;
      const detail = { name: was?.name, provider: was?.provider, providerId: was?.provider_id };
      await historyAppend(tx, [{ machineId, actor, event: "machine_deleted", detail }]);
      return { generation: 0n };
    },
    "delete",
  );
}
