import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { windowState, type BootWindowState } from "./boot-window-state.ts";
import { historyAppend } from "../../history.ts";
import { installationStanding } from "../installation/installation-standing.ts";
import { quarantineRefuse } from "../installation/installation-facts.ts";
import { machineLock } from "../../machine-lock.ts";

/** Bounds of a window's duration in seconds. */
const windowSeconds = { least: 1, most: 86_400 } as const;

/** The boot medium of a window. */
export interface WindowMedium {
  /** SHA-256 of the secret in its path. */
  digest: Uint8Array;
  /** By what it comes: a virtual medium, which the controller fetches, or an HTTP boot, by which the machine fetches it. */
  way: "medium" | "http";
  /** The addresses from which it may be fetched; empty for an HTTP boot: the first address that fetches it. */
  fetchers: readonly string[];
}

/** Runs in the caller's transaction, or in a new one. */
function within<T>(target: Database | Tx, action: (tx: Tx) => Promise<T>): Promise<T> {
  return "kysely" in target ? transact(target, null, action) : action(target);
}

/**
 * Opens a boot window for a machine, replacing an earlier one. Until it closes, one token is handed out for a network
 * boot of this machine, or put on its boot medium, and the key that comes with the token is bound. The machine should be off or about to be reset:
 * an earlier agent that claims the machine meanwhile is a second claimant.
 * @throws {DatabaseError} `not_found`; `refused` in quarantine
 * @throws {RangeError} for seconds out of range
 */
export async function bootWindowOpen(
  target: Database | Tx,
  machineId: MachineId,
  { actor, seconds, medium }: { actor: Actor; seconds: number; medium?: WindowMedium },
): Promise<{ windowId: string; closesAt: Date }> {
  if (!(seconds >= windowSeconds.least && seconds <= windowSeconds.most)) {
    throw new RangeError(
      `a boot window of ${seconds} seconds: expected ${windowSeconds.least} to ${windowSeconds.most}`,
    );
  }
  return within(target, async (tx) => {
    await machineLock(tx, machineId);
    quarantineRefuse((await installationStanding(tx, machineId)).quarantine);
    await tx.deleteFrom("machine_boot_window").where("machine_id", "=", machineId).execute();
    const row = await tx
      .insertInto("machine_boot_window")
      .values({
        machine_id: machineId,
        opened_by: actor.name,
        closes_at: sql<Date>`now() + make_interval(secs => ${seconds})`,
        ...(medium === undefined
          ? {}
          : {
              way: medium.way,
              medium_digest: Buffer.from(medium.digest),
              fetchers: sql<string[]>`${medium.fetchers}::inet[]`,
            }),
      })
      .returning(["window_id", "closes_at"])
      .executeTakeFirstOrThrow();
    const detail = { window: row.window_id, seconds, ...(medium === undefined ? {} : { by: medium.way }) };
    await historyAppend(tx, [{ machineId, actor, event: "boot_window_opened", detail }]);
    return { windowId: row.window_id, closesAt: row.closes_at };
  });
}

/**
 * The state of a window.
 * @throws {DatabaseError} `unavailable`
 */
export async function bootWindowState(database: Database, windowId: string): Promise<BootWindowState> {
  const { rows } = await sql<{ state: BootWindowState }>`
    SELECT ${windowState} AS state FROM machine_boot_window w WHERE w.window_id = ${windowId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0]?.state ?? "closed";
}

/**
 * Whether a window's token was handed out to its machine, which is the last thing that a machine gets before it runs the
 * agent. A controller that has fetched a boot medium says nothing of what its machine boots.
 * @throws {DatabaseError} `unavailable`
 */
export async function bootWindowGiven(database: Database, windowId: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM machine_boot_window WHERE window_id = ${windowId} AND given_at IS NOT NULL AND way = 'network'`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.length > 0;
}

/**
 * A machine's newest window; undefined if it never had one.
 * @throws {DatabaseError} `unavailable`
 */
export async function bootWindowOf(
  database: Database,
  machineId: MachineId,
): Promise<{ windowId: string; openedBy: string; state: BootWindowState } | undefined> {
  const { rows } = await sql<{ windowId: string; openedBy: string; state: BootWindowState }>`
    SELECT w.window_id AS "windowId", w.opened_by AS "openedBy", ${windowState} AS state
    FROM machine_boot_window w WHERE w.machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}

/**
 * Closes a machine's boot window early: the given window, or the open one. False if there was none. A window by which
 * an agent enrolled keeps its time, within which a second claimant is noticed.
 */
export async function bootWindowClose(
  target: Database | Tx,
  { machineId, windowId, actor }: { machineId: MachineId; windowId?: string; actor: Actor },
): Promise<boolean> {
  return within(target, async (tx) => {
    await machineLock(tx, machineId);
    const { rows } = await sql<{ window_id: string }>`
      UPDATE machine_boot_window SET closed_at = now()
      WHERE machine_id = ${machineId} AND (${windowId ?? null}::uuid IS NULL OR window_id = ${windowId ?? null}::uuid)
        AND enrolled_at IS NULL AND closed_at IS NULL AND closes_at > now()
      RETURNING window_id`.execute(tx);
    const [closed] = rows;
    if (closed === undefined) {
      return false;
    }
    const detail = { window: closed.window_id };
    await historyAppend(tx, [{ machineId, actor, event: "boot_window_closed", detail }]);
    return true;
  });
}
