import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { mediumServed } from "../boot/medium-server.ts";
import type { Tx } from "../../transaction.ts";
import { storedText } from "../../../lib/format/stored-text.ts";

/** The facts by which the means of a start are chosen. */
export interface StartMeans {
  controller?: { powerCommands: string[]; bootTargets: string[]; virtualMedia: boolean; httpBoot: boolean };
  /** Whether boot media are served somewhere. */
  mediaServed: boolean;
  provider?: { name: string; providerId: string };
  /** Whether it has an SSH account. */
  ssh: boolean;
  /** Number of consecutive failed starts, by means. */
  failures: Record<string, number>;
  /** The means that an operator has chosen. */
  set?: string;
}

/** Reads the facts by which the means of a machine's starts are chosen. @throws {DatabaseError} `unavailable` */
export async function startMeans(database: Database, machineId: MachineId): Promise<StartMeans> {
  const { rows } = await sql<{
    power_commands: string[] | null;
    boot_targets: string[] | null;
    virtual_media: boolean | null;
    http_boot: boolean | null;
    media_served: boolean;
    provider: string | null;
    provider_id: string | null;
    ssh: boolean;
    failures: Record<string, number> | null;
    set: string | null;
  }>`
    SELECT EXISTS (SELECT FROM machine_ssh h WHERE h.machine_id = m.machine_id) AS ssh,
      c.power_commands, c.boot_targets, c.virtual_media, c.http_boot,
      EXISTS (SELECT FROM boot_medium_server s WHERE ${mediumServed}) AS media_served, p.provider, p.provider_id, b.means AS set,
      (SELECT jsonb_object_agg(f.means, f.failures) FROM machine_start_failure f WHERE f.machine_id = m.machine_id) AS failures
    FROM machines m
    LEFT JOIN machine_controller c ON c.machine_id = m.machine_id
    LEFT JOIN machine_provided p ON p.machine_id = m.machine_id
    LEFT JOIN machine_boot_by b ON b.machine_id = m.machine_id
    WHERE m.machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return {
    ...(row?.power_commands === null || row?.boot_targets === null || row === undefined
      ? {}
      : {
          controller: {
            powerCommands: row.power_commands,
            bootTargets: row.boot_targets,
            virtualMedia: row.virtual_media === true,
            httpBoot: row.http_boot === true,
          },
        }),
    mediaServed: row?.media_served === true,
    ...(row?.provider === null || row?.provider_id === null || row === undefined
      ? {}
      : { provider: { name: row.provider, providerId: row.provider_id } }),
    ssh: row?.ssh ?? false,
    failures: row?.failures ?? {},
    ...(row?.set === null || row === undefined ? {} : { set: row.set }),
  };
}

/** Counts a failed start by this means, and keeps what it said. @param failure `code`: a controller's, if it failed */
export async function startFailed(
  tx: Tx,
  machineId: MachineId,
  { means, cause, code }: { means: string; cause: string; code: string | undefined },
): Promise<void> {
  await sql`
    INSERT INTO machine_start_failure AS f (machine_id, means, failures, cause, failed_code, failed_at)
    VALUES (${machineId}, ${means}, 1, ${storedText(cause)}, ${code ?? null}, now())
    ON CONFLICT (machine_id, means) DO UPDATE SET failures = f.failures + 1, cause = excluded.cause,
      failed_code = excluded.failed_code, failed_at = excluded.failed_at`.execute(tx);
}

/** Resets the counts of failed starts, because an agent has come. */
export async function startSucceeded(tx: Tx, machineId: MachineId): Promise<void> {
  await tx.deleteFrom("machine_start_failure").where("machine_id", "=", machineId).execute();
}

/** Sets the means of a machine's starts; undefined = Farrier chooses. The caller has locked the machine. */
export async function bootBySet(
  tx: Tx,
  machineId: MachineId,
  { means, setBy }: { means: string | undefined; setBy: string },
): Promise<void> {
  await tx.deleteFrom("machine_boot_by").where("machine_id", "=", machineId).execute();
  if (means !== undefined) {
    await tx.insertInto("machine_boot_by").values({ machine_id: machineId, means, set_by: setBy }).execute();
  }
}
