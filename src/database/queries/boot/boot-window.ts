import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { windowState, type BootWindowState } from "./boot-window-state.ts";
import { historyAppend } from "../../history.ts";
import { installationStanding, quarantineRefuse } from "../installation/installation.ts";
import { machineLock } from "../../operator-command.ts";

/** Seconds that a window may be open: nobody watches a machine boot for more than a day. */
const windowSeconds = { least: 1, most: 86_400 } as const;

/** In the caller's transaction, or in one of its own. */
function within<T>(target: Database | Tx, action: (tx: Tx) => Promise<T>): Promise<T> {
  return "kysely" in target ? transact(target, null, action) : action(target);
}

/**
 * Opens a boot window for a machine, in place of the one before: until it closes, one token is given out for whoever boots
 * from the network as this machine, and the key that comes with the token is bound. The machine should be off or about to
 * be reset: an agent of before that claims the machine meanwhile is a second claimant.
 * @throws {DatabaseError} `not_found`; `refused` in quarantine
 * @throws {RangeError} for seconds out of range
 */
export async function bootWindowOpen(
  target: Database | Tx,
  machineId: MachineId,
  { actor, seconds }: { actor: Actor; seconds: number },
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
      })
      .returning(["window_id", "closes_at"])
      .executeTakeFirstOrThrow();
    const detail = { window: row.window_id, seconds };
    await historyAppend(tx, [{ machineId, actor, event: "boot_window_opened", detail }]);
    return { windowId: row.window_id, closesAt: row.closes_at };
  });
}

/**
 * How that window stands.
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
 * A machine's newest window; undefined where it never had one.
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
 * Closes a machine's boot window before its time: the one that is named, or whichever is open. False where none was. One
 * by which an agent was enrolled stays for its time: within it a second claimant is noticed.
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
