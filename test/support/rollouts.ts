import { randomUUID } from "node:crypto";
import type { TestClients } from "../../src/operator-api/testing/operator-api.ts";
import type { Fleet } from "./fleet.ts";

/** A ready image "debian" and a profile "web" that installs it on the one disk. */
export async function rolloutProfileMake(fleet: Fleet, { images, profiles }: TestClients): Promise<void> {
  const digest = `sha256:${"ab".repeat(32)}`;
  await images.imageAdd({ requestId: randomUUID(), name: "debian", url: "https://images.example.org/debian.raw" });
  await fleet.rows(
    `UPDATE image_version SET state = 'ready', digest = $1, ready_at = now(), facts = '{"unpackedBytes": 1000}'`,
    digest,
  );
  const spec = { image: "debian", rootDisk: { serialNumber: "S1" } } as const;
  await profiles.profileApply({ requestId: randomUUID(), name: "web", spec });
}

/** Machines of these names, without agents. */
export async function rolloutMachinesAdd({ machines }: TestClients, names: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const added = await machines.machineAdd({ requestId: randomUUID(), provider: "static", providerId: name, name });
    ids.push(added.machine?.id ?? "");
  }
  return ids;
}

/** Ends the pending installation of each machine as an agent's report does: `fails` says which fail, and by what. */
export async function installationsFinish(
  fleet: Fleet,
  fails: (name: string) => string | undefined = () => undefined,
): Promise<string[]> {
  const rows = await fleet.rows<{ machine_id: string; name: string; generation: bigint }>(
    `SELECT q.machine_id, m.name, q.generation FROM machine_os_installation_request q
     JOIN machines m ON m.machine_id = q.machine_id
     LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
     WHERE installation_pending(q.generation, r.generation) ORDER BY m.name`,
  );
  for (const { machine_id: id, name, generation } of rows) {
    const error = fails(name);
    await fleet.rows(
      `WITH report AS (
         INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
         VALUES ($1, $2, $3, $4, 'agent')
         ON CONFLICT (machine_id) DO UPDATE SET generation = EXCLUDED.generation, result = EXCLUDED.result,
           error = EXCLUDED.error, reported_at = now()
         RETURNING machine_id, generation, result
       )
       INSERT INTO machine_os_installed (machine_id, generation)
       SELECT machine_id, generation FROM report WHERE result = 'success'
       ON CONFLICT (machine_id) DO UPDATE SET generation = EXCLUDED.generation`,
      id,
      generation,
      error === undefined ? "success" : "error",
      error ?? null,
    );
  }
  return rows.map(({ name }) => name);
}
