import type { KeyIdentity } from "./key-identity.ts";
import { byteaLiteral } from "../bytea-literal.ts";
import type pg from "pg";
import type { HeartbeatEntry } from "./heartbeat-entry.ts";
import { lockStatement, plainStatement, reportingStatement, type HeartbeatRow } from "./heartbeat-statement.ts";
import type { Generation, SessionId } from "../ids.ts";

/** A heartbeat in a batch. */
export interface BatchEntry {
  entry: HeartbeatEntry;
  /** The key as an element of a bytea array; made once per connection, not once per heartbeat. */
  keyIdentity: KeyIdentity;
  /** The pending generation that may be handed out to this run, because its request was found readable. */
  offered?: Generation;
  /** The server itself checks a waiting agent's request; this is no sign of the agent's life. */
  look?: true;
}

/** The statement that an entry needs; all entries of a batch need the same one. */
export const batchKinds = ["plain", "look", "reporting"] as const;
export type BatchKind = (typeof batchKinds)[number];

/** Entries with a report, or to be handed a request, need their machine locked before anything about it is decided. */
export function batchKind({ entry, offered, look }: BatchEntry): BatchKind {
  if (
    entry.hardware !== undefined ||
    entry.report !== undefined ||
    entry.endedRunId !== undefined ||
    entry.features !== undefined ||
    offered !== undefined
  ) {
    return "reporting";
  }
  return look === true ? "look" : "plain";
}

const plainStatements = {
  plain: { name: "heartbeats-plain", text: plainStatement(true) },
  look: { name: "heartbeats-look", text: plainStatement(false) },
} as const;

/**
 * Records a batch of heartbeats without reports in one statement. Returns one row per entry, in no order.
 * @param readRequest false after a failure in reading requests' bytes: they are left unread
 */
export async function plainBatch(
  client: pg.ClientBase,
  session: SessionId,
  batch: readonly BatchEntry[],
  readRequest: boolean,
  kind: "plain" | "look",
): Promise<HeartbeatRow[]> {
  const { rows } = await client.query<HeartbeatRow>({
    ...plainStatements[kind],
    rowMode: "array",
    values: [session, ...identity(batch), readRequest, callers(batch)],
  });
  return rows;
}

/** Records a batch of heartbeats that carry reports or are handed a request, in one transaction. */
export async function reportingBatch(
  client: pg.ClientBase,
  session: SessionId,
  batch: readonly BatchEntry[],
  readRequest: boolean,
): Promise<HeartbeatRow[]> {
  const [machines, keys, runs] = identity(batch);
  await client.query("BEGIN");
  try {
    // Locks the session before the machines, as everywhere.
    await client.query({
      name: "heartbeats-session",
      text: "SELECT FROM sessions WHERE session_id = $1 AND session_deadline > now() FOR KEY SHARE",
      values: [session],
    });
    const locked = await client.query<{ machine_id: string }>({
      name: "heartbeats-lock",
      text: lockStatement,
      values: [machines, keys],
    });
    const { rows } = await client.query<HeartbeatRow>({
      name: "heartbeats-reporting",
      text: reportingStatement,
      rowMode: "array",
      values: [
        session,
        machines,
        keys,
        runs,
        readRequest,
        batch.map(({ entry }) => entry.runId !== undefined),
        bytes(batch.map(({ entry }) => entry.hardware?.raw)),
        bytes(batch.map(({ entry }) => entry.hardware?.fingerprint)),
        batch.map(({ entry }) => entry.report?.generation ?? null),
        batch.map(({ entry }) => entry.report?.result ?? null),
        batch.map(({ entry }) => entry.report?.error ?? null),
        bytes(batch.map(({ entry }) => entry.report?.raw)),
        batch.map(({ offered }) => offered ?? null),
        batch.map(({ look }) => look !== true),
        locked.rows.map((row) => row.machine_id),
        callers(batch),
        bytes(batch.map(({ entry }) => entry.report?.runId)),
        bytes(batch.map(({ entry }) => entry.endedRunId)),
        batch.map(({ entry }) => (entry.features === undefined ? null : JSON.stringify(entry.features))),
      ],
    });
    await client.query("COMMIT");
    return rows;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {
      // The connection and its transaction are gone; the first error says more.
    });
    throw error;
  }
}

/**
 * Machine ids, keys and runs as array literals: node-postgres' own conversion of arrays costs several times as much.
 */
function identity(batch: readonly BatchEntry[]): [machines: string, keys: string, runs: string] {
  let machines = "{";
  let keys = "{";
  let runs = "{";
  let comma = "";
  for (const { entry, keyIdentity } of batch) {
    machines += comma + entry.machineId;
    keys += comma + keyIdentity;
    runs += comma + (entry.runId === undefined ? keyIdentity : byteaLiteral(entry.runId));
    comma = ",";
  }
  return [`${machines}}`, `${keys}}`, `${runs}}`];
}

/** Identifies each caller in 8 bytes, by the beginning of the run's id or by the connection; as an array literal. */
function callers(batch: readonly BatchEntry[]): string {
  let text = "{";
  let comma = "";
  for (const { entry } of batch) {
    const { runId, connection = 0n } = entry;
    text += comma + String(runId === undefined ? connection : runStartNumber(runId));
    comma = ",";
  }
  return `${text}}`;
}

function runStartNumber(runId: Uint8Array): bigint {
  return new DataView(runId.buffer, runId.byteOffset, runId.byteLength).getBigInt64(0);
}

function bytes(values: (Uint8Array | undefined)[]): string {
  return `{${values.map((value) => (value === undefined ? "NULL" : byteaLiteral(value))).join(",")}}`;
}
