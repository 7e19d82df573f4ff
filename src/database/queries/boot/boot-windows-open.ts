import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { present } from "../../../lib/defined.ts";
import { windowState, type BootWindow, type BootWindowState } from "./boot-window-state.ts";

/** An open boot window and its machine. */
export interface OpenWindow {
  machineId: MachineId;
  name?: string;
  window: BootWindow;
}

/** The boot windows in which no agent has enrolled yet, by their ends; at most 500. @throws {DatabaseError} `unavailable` */
export async function bootWindowsOpen(database: Database): Promise<OpenWindow[]> {
  const { rows } = await sql<{
    machine_id: MachineId;
    name: string | null;
    window_id: string;
    opened_by: string;
    opened_at: Date;
    closes_at: Date;
    state: BootWindowState;
  }>`
    SELECT w.machine_id, m.name, w.window_id, w.opened_by, w.opened_at, w.closes_at, ${windowState} AS state
    FROM machine_boot_window w JOIN machines m USING (machine_id)
    WHERE w.closes_at > now() AND w.closed_at IS NULL AND w.enrolled_at IS NULL
    ORDER BY w.closes_at, w.machine_id LIMIT 500`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    ...present({ name: row.name }),
    window: {
      windowId: row.window_id,
      openedBy: row.opened_by,
      openedAt: row.opened_at,
      closesAt: row.closes_at,
      state: row.state,
    },
  }));
}
