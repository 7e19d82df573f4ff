import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import type { MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";

/** Machines whose state is updated in one transaction. */
const refreshRows = 200;

/**
 * Machines whose stored state time alone has made wrong, found by indexes: needed agents that fell silent, agents that
 * never sent a heartbeat, lost agents that may be back, backoffs that ended. Unless a server was alive for long enough
 * to hear them, no agent counts as silent, and these queries find none.
 */
export const statesOverdue = {
  silent: sql`
    SELECT s.machine_id FROM agent_silence t, machine_agent_heartbeat h
    JOIN machine_state s ON s.machine_id = h.machine_id
    WHERE h.agent_wanted AND server_alive_for(t.heartbeat)
      AND h.heartbeat_bucket <= floor(extract(epoch FROM now() - t.heartbeat) / 300)
      AND h.agent_heartbeat_at < now() - t.heartbeat AND s.candidate IS NULL`,
  unheard: sql`
    SELECT s.machine_id FROM agent_silence t, machine_state s
    WHERE s.state = 'awaiting-agent' AND server_alive_for(t.started) AND s.since < now() - t.started AND s.candidate IS NULL`,
  // The same, for machines whose state tells of a request or its result.
  unheardAsked: sql`
    SELECT s.machine_id FROM agent_silence t, machine_state s
    JOIN machine_agent_started a ON a.machine_id = s.machine_id
    WHERE s.state IN ('install-pending', 'installing', 'install-failed') AND s.candidate IS NULL
      AND server_alive_for(t.started) AND a.agent_started_at < now() - t.started
      AND NOT EXISTS (
        SELECT FROM machine_agent_heartbeat h
        WHERE h.machine_id = s.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
      )`,
  // Requested again within a minute of its agent's reboot.
  left: sql`
    SELECT s.machine_id FROM machine_state s JOIN machine_os_installed d ON d.machine_id = s.machine_id
    WHERE s.state = 'install-pending' AND s.candidate IS NULL AND agent_left(s.machine_id)`,
  lost: sql`SELECT s.machine_id FROM machine_state s
    WHERE s.state = 'agent-lost' AND NOT agent_silent(s.machine_id)`,
  backedOff: sql`SELECT s.machine_id FROM machine_state s WHERE s.not_before <= now()`,
} as const satisfies Record<string, RawBuilder<unknown>>;

/** Sets the states that time alone has changed; resolves to the number of machines that were checked. */
export async function statesRefresh(database: Database): Promise<number> {
  let refreshed = 0;
  for (const overdue of Object.values(statesOverdue)) {
    // Page by page, because a machine whose state proves right stays in the result and must not be checked twice.
    let page: MachineId[] = [];
    do {
      const after = page.at(-1) ?? ("00000000-0000-0000-0000-000000000000" as MachineId);
      page = await transact(database, null, async (tx) => {
        const { rows } = await sql<{ machine_id: MachineId }>`
          ${overdue} AND s.machine_id > ${after} ORDER BY s.machine_id LIMIT ${refreshRows}`.execute(tx);
        for (const { machine_id } of rows) {
          await sql`SELECT machine_state_refresh(${machine_id})`.execute(tx);
        }
        return rows.map((row) => row.machine_id);
      });
      refreshed += page.length;
    } while (page.length === refreshRows);
  }
  return refreshed;
}
