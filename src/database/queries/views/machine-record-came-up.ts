import { sql } from "kysely";
import { present } from "../../../lib/defined.ts";
import { generation as toGeneration, type Generation } from "../../ids.ts";
import type { CameUpRecord, MachineRecord } from "./machine-record.ts";

/** A report as it comes from the database, its times and its generation as text. */
export interface CameUpJson {
  generation: string;
  heardAt: string;
  over: "tls" | "clear";
  from: string;
  hostName: string;
  addresses: string[];
  sshHostKeys: string[];
  bootedAt: string | null;
}

/** {@link cameUpColumns}, and what is installed. */
export interface CameUpRow {
  installed_generation: Generation | null;
  came_up_within: number | null;
  came_up_deadline: Date | null;
  came_up_silent_at: Date | null;
  came_up_unasked: "listener" | "agent" | null;
  came_up_report: CameUpJson | null;
}

/** Columns about `machine_came_up cu` of what is installed, and the newest report of `machines m`. */
export const cameUpColumns = sql`
  cu.within_seconds AS came_up_within, cu.deadline_at AS came_up_deadline,
  cu.silent_at AS came_up_silent_at, cu.unasked AS came_up_unasked,
  (
    SELECT k.report || jsonb_build_object(
      'generation', k.generation::text, 'heardAt', k.heard_at, 'over', k.heard_over, 'from', k.heard_from
    )
    FROM machine_came_up k WHERE k.machine_id = m.machine_id AND k.heard_at IS NOT NULL
    ORDER BY k.generation DESC LIMIT 1
  ) AS came_up_report`;

/** What is known of a machine's installed system by its own report. */
export function cameUpOf(row: CameUpRow): Pick<MachineRecord, "cameUp"> {
  const { came_up_within: withinSeconds, came_up_report: json, installed_generation: generation } = row;
  const cameUp: CameUpRecord = {
    ...(withinSeconds === null || generation === null
      ? {}
      : {
          expected: {
            generation,
            withinSeconds,
            ...present({
              deadline: row.came_up_deadline,
              silentAt: row.came_up_silent_at,
              unasked: row.came_up_unasked,
            }),
          },
        }),
    ...(json === null
      ? {}
      : {
          report: {
            generation: toGeneration(BigInt(json.generation)),
            heardAt: new Date(json.heardAt),
            over: json.over,
            from: json.from,
            hostName: json.hostName,
            addresses: json.addresses,
            sshHostKeys: json.sshHostKeys,
            ...(json.bootedAt === null ? {} : { bootedAt: new Date(json.bootedAt) }),
          },
        }),
  };
  return cameUp.expected === undefined && cameUp.report === undefined ? {} : { cameUp };
}
