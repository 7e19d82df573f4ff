import type { KeyIdentity } from "./key-identity.ts";
import { byteaLiteral } from "../bytea-literal.ts";
import type pg from "pg";
import type { HeartbeatEntry } from "./heartbeat-entry.ts";
import type { HeartbeatRow } from "./heartbeat-fragments.ts";
import { handingStatement } from "./heartbeat-handing-statement.ts";
import { lockStatement, reportingStatement } from "./heartbeat-reporting-statement.ts";
import { lookStatement, plainStatement } from "./heartbeat-statement.ts";
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
export const batchKinds = ["plain", "look", "handing", "reporting"] as const;
export type BatchKind = (typeof batchKinds)[number];

/** Entries with a report, or to be handed a request, need their machine locked before anything about it is decided. */
export function batchKind({ entry, offered, look }: BatchEntry): BatchKind {
  if (
    entry.hardware !== undefined ||
    entry.report !== undefined ||
    entry.endedRunId !== undefined ||
    entry.features !== undefined
  ) {
    return "reporting";
  }
  if (offered !== undefined) {
    // An agent of the original system becomes the writer when it gets a request, which handingStatement does not record.
    return entry.runId === undefined ? "reporting" : "handing";
  }
  return look === true ? "look" : "plain";
}

const plainStatements = {
  plain: { name: "heartbeats-plain", text: plainStatement },
  look: { name: "heartbeats-look", text: lookStatement },
} as const;

/** The result of a batch. */
export interface BatchAnswer {
  /** In no order. */
  rows: HeartbeatRow[];
  /** True if entries without a row are authenticated and have nothing to hear. */
  silentOk: boolean;
}

/**
 * Records a batch of heartbeats without reports in one statement.
 * @param readRequest false after a failure in reading requests' bytes: they are left unread
 * @throws {Error} if the database did not answer for each entry
 */
export async function plainBatch(
  client: pg.ClientBase,
  session: SessionId,
  batch: readonly BatchEntry[],
  readRequest: boolean,
  kind: "plain" | "look",
): Promise<BatchAnswer> {
  const { rows } = await client.query<HeartbeatRow>({
    ...plainStatements[kind],
    rowMode: "array",
    values: [session, ...identity(batch), readRequest, ...(kind === "plain" ? [callers(batch)] : [])],
  });
  const [number, inputs] = rows.pop() ?? [];
  if (number !== 0 || inputs !== batch.length) {
    throw new Error(`the database answered for ${inputs} of ${batch.length} heartbeats`);
  }
  return { rows, silentOk: true };
}

/**
 * Records a batch of heartbeats that carry reports or are handed a request, in one transaction that locks their machines. `client` must be
 * in pipeline mode.
 */
export async function lockedBatch(
  client: pg.ClientBase,
  session: SessionId,
  batch: readonly BatchEntry[],
  readRequest: boolean,
  kind: "handing" | "reporting",
): Promise<BatchAnswer> {
  const [machines, keys, runs] = identity(batch);
  try {
    // Sent together, because none needs the answer of the one before. Locks the session before the machines, as everywhere.
    const [, , locked] = await Promise.all([
      client.query("BEGIN"),
      client.query({
        name: "heartbeats-session",
        text: "SELECT FROM sessions WHERE session_id = $1 AND session_deadline > now() FOR KEY SHARE",
        values: [session],
      }),
      client.query<{ machine_id: string }>({
        name: "heartbeats-lock",
        text: lockStatement,
        values: [machines, keys],
      }),
    ]);
    const lockedMachines = locked.rows.map((row) => row.machine_id);
    const offered = batch.map((entry) => entry.offered ?? null);
    const deciding = client.query<HeartbeatRow>({
      rowMode: "array",
      ...(kind === "handing"
        ? {
            name: "heartbeats-handing",
            text: handingStatement,
            values: [session, machines, keys, runs, offered, lockedMachines, readRequest],
          }
        : {
            name: "heartbeats-reporting",
            text: reportingStatement,
            values: [session, machines, keys, runs, readRequest, ...reports(batch, offered, lockedMachines)],
          }),
    });
    // After a failed statement, COMMIT rolls back.
    const [{ rows }] = await Promise.all([deciding, client.query("COMMIT")]);
    return { rows, silentOk: false };
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {
      // The connection and its transaction are gone; the first error says more.
    });
    throw error;
  }
}

/** The parameters of reportingStatement from $6 on. */
function reports(batch: readonly BatchEntry[], offered: unknown, lockedMachines: readonly string[]): unknown[] {
  return [
    batch.map(({ entry }) => entry.runId !== undefined),
    bytes(batch.map(({ entry }) => entry.hardware?.raw)),
    bytes(batch.map(({ entry }) => entry.hardware?.fingerprint)),
    batch.map(({ entry }) => entry.report?.generation ?? null),
    batch.map(({ entry }) => entry.report?.result ?? null),
    batch.map(({ entry }) => entry.report?.error ?? null),
    bytes(batch.map(({ entry }) => entry.report?.raw)),
    offered,
    batch.map(({ look }) => look !== true),
    lockedMachines,
    callers(batch),
    bytes(batch.map(({ entry }) => entry.report?.runId)),
    bytes(batch.map(({ entry }) => entry.endedRunId)),
    batch.map(({ entry }) => (entry.features === undefined ? null : JSON.stringify(entry.features))),
  ];
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
