import type { handleUnaryCall } from "@grpc/grpc-js";
import type pg from "pg";
import type { AgentCalls } from "../../src/agent-api/agent-call.ts";
import { heartbeatDecode } from "../../src/agent-api/methods/heartbeat-decode.ts";

/**
 * A heartbeat in the form of the original system: authenticate, record, look up, each in its own transaction that first
 * checks the session. The reference for the gain by batching.
 */
export function threeTransactions(pool: pg.Pool, session: string, calls: AgentCalls): handleUnaryCall<Buffer, Buffer> {
  const nothing = Buffer.alloc(0);
  async function transaction(text: string, values: unknown[]): Promise<pg.QueryResult> {
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      const alive = await client.query({
        text: "SELECT FROM sessions WHERE session_id = $1 AND session_deadline > now()",
        values: [session],
      });
      if (alive.rowCount !== 1) {
        throw new Error("the session is lost");
      }
      const result = await client.query({ text, values });
      await client.query("COMMIT");
      return result;
    } finally {
      client.release();
    }
  }
  async function heartbeat(machineId: string, key: Uint8Array): Promise<void> {
    const known = await transaction(
      "SELECT FROM machine_agent_started WHERE machine_id = $1 AND agent_public_key = $2",
      [machineId, Buffer.from(key)],
    );
    if (known.rowCount !== 1) {
      throw new Error("unauthenticated");
    }
    await transaction(
      `INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
       VALUES ($1, now(), floor(extract(epoch FROM now()) / 300)::integer)
       ON CONFLICT (machine_id) DO UPDATE SET
         agent_heartbeat_at = excluded.agent_heartbeat_at, heartbeat_bucket = excluded.heartbeat_bucket`,
      [machineId],
    );
    await transaction(
      `SELECT q.os_installation_request_raw FROM machine_os_installation_request q
       LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
       WHERE q.machine_id = $1 AND installation_pending(q.generation, r.generation)`,
      [machineId],
    );
  }
  return (call, respond) => {
    const decoded = heartbeatDecode(call.request);
    if ("code" in decoded) {
      respond(decoded);
      return;
    }
    const peer = calls.peer(call.metadata);
    // Otherwise its connection would count as a stranger's, and be closed after 10 s.
    peer.admitted?.();
    heartbeat(decoded.machineId, peer.key).then(
      () => respond(null, nothing),
      (error: unknown) => respond({ code: 14, details: String(error) }),
    );
  };
}
