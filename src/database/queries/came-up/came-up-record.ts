import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { historyAppend, type HistoryEvent } from "../../history.ts";
import type { Generation } from "../../ids.ts";
import { machineLock } from "../../machine-lock.ts";
import { transact, type Tx } from "../../transaction.ts";
import { cameUpDecide, type CameUpDecision } from "./came-up-decide.ts";
import type { CameUpOwner } from "./came-up-find.ts";

/** A report as it came. */
export interface CameUpCall {
  /** By its token. */
  owner: CameUpOwner;
  /** By what it says itself. */
  named: { machineId: string; generation: string };
  smbiosUuid: string | undefined;
  over: "tls" | "clear";
  from: string;
  bodyDigest: Uint8Array;
  said: { hostName: string; addresses: readonly string[]; sshHostKeys: readonly string[]; bootedAt: Date | undefined };
}

interface Row {
  heard: boolean;
  same: boolean | null;
  others: boolean;
  installed: Generation | null;
  pending: Generation | null;
}

/**
 * Records that an installed system came up, once for each generation; what it comes to is decided under the machine's
 * lock. Undefined if the machine was deleted meanwhile.
 * @throws {DatabaseError} `unavailable`
 */
export async function cameUpRecord(database: Database, call: CameUpCall): Promise<CameUpDecision | undefined> {
  const { machineId, generation } = call.owner;
  return transact(database, null, async (tx) => {
    await machineLock(tx, machineId);
    const { rows } = await sql<Row>`
      SELECT c.heard_at IS NOT NULL AS heard, c.report_sha256 = ${Buffer.from(call.bodyDigest)} AS same,
        d.generation AS installed,
        CASE WHEN installation_pending(q.generation, r.generation) THEN q.generation END AS pending,
        -- Positively another machine's: what firmware says of itself is not always what was recorded.
        EXISTS (
          SELECT FROM machine_smbios o WHERE o.smbios_uuid = ${call.smbiosUuid ?? null}::uuid AND o.machine_id <> c.machine_id
        ) AND NOT EXISTS (
          SELECT FROM machine_smbios o WHERE o.smbios_uuid = ${call.smbiosUuid ?? null}::uuid AND o.machine_id = c.machine_id
        ) AS others
      FROM machine_came_up c
      LEFT JOIN machine_os_installed d ON d.machine_id = c.machine_id
      LEFT JOIN machine_os_installation_request q ON q.machine_id = c.machine_id
      LEFT JOIN machine_os_installation_report r ON r.machine_id = c.machine_id
      WHERE c.machine_id = ${machineId} AND c.generation = ${generation}`.execute(tx);
    const [row] = rows;
    if (row === undefined) {
      return undefined;
    }
    const decision = cameUpDecide({
      ...(row.heard ? { heard: { same: row.same === true } } : {}),
      other: row.others || call.named.machineId !== machineId || call.named.generation !== String(generation),
      generation,
      installed: row.installed ?? undefined,
      pending: row.pending ?? undefined,
    });
    await act(tx, call, decision);
    return decision;
  });
}

async function act(tx: Tx, call: CameUpCall, decision: CameUpDecision): Promise<void> {
  switch (decision) {
    case "counts":
      await write(tx, call);
      await told(tx, call, "came_up");
      return;
    case "earlier":
      await toldOnce(tx, call, "came_up_earlier");
      return;
    case "other":
      await toldOnce(tx, call, "came_up_refused");
      return;
    case "repeated":
    case "used":
    case "early":
      return;
  }
}

async function write(tx: Tx, { owner, over, from, bodyDigest, said }: CameUpCall): Promise<void> {
  const { hostName, addresses, sshHostKeys, bootedAt } = said;
  const report = { hostName, addresses, sshHostKeys, bootedAt: bootedAt?.toISOString() ?? null };
  await tx
    .updateTable("machine_came_up")
    .set({
      heard_at: sql<Date>`now()`,
      heard_over: over,
      heard_from: from,
      report,
      report_sha256: Buffer.from(bodyDigest),
    })
    .where("machine_id", "=", owner.machineId)
    .where("generation", "=", owner.generation)
    .execute();
}

/** The installed system itself; it has no name that anybody vouches for. */
const actor: Actor = { kind: "system", name: "installed system" };

async function told(tx: Tx, { owner, from, over, named, said }: CameUpCall, event: HistoryEvent): Promise<void> {
  const detail = {
    from,
    over,
    hostName: said.hostName,
    addresses: said.addresses.join(" "),
    ...(event === "came_up_refused" ? { names: `${named.machineId} ${named.generation}` } : {}),
  };
  await historyAppend(tx, [{ ...owner, actor, event, detail }]);
}

/** History is kept for ever, and a system repeats its report. */
async function toldOnce(tx: Tx, call: CameUpCall, event: HistoryEvent): Promise<void> {
  const { rows } = await sql`
    SELECT FROM history h WHERE h.machine_id = ${call.owner.machineId} AND h.generation = ${call.owner.generation}
      AND h.event = ${event} LIMIT 1`.execute(tx);
  if (rows.length === 0) {
    await told(tx, call, event);
  }
}
