import { sql, type RawBuilder } from "kysely";
import type { MachineId, Process } from "../../ids.ts";

/** Where a page of work or backoffs ended. */
export interface WorkCursor {
  machineId: MachineId;
  process: Process;
}

/** The filters of a list, and its page. */
export interface WorkPage {
  machineId?: MachineId;
  process?: Process;
  limit: number;
  after?: WorkCursor;
}

/** The conditions of a page, for a table or alias `w` with the columns machine_id and process. */
export function workConditions(page: WorkPage): RawBuilder<unknown> {
  const { machineId, process, after } = page;
  return sql.join(
    [
      sql`true`,
      ...(machineId === undefined ? [] : [sql`w.machine_id = ${machineId}`]),
      ...(process === undefined ? [] : [sql`w.process = ${process}`]),
      ...(after === undefined ? [] : [sql`(w.machine_id, w.process) > (${after.machineId}::uuid, ${after.process})`]),
    ],
    sql` AND `,
  );
}
