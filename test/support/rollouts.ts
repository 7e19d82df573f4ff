import { randomUUID } from "node:crypto";
import { rolloutClaim } from "../../src/database/queries/rollout/rollout-claim.ts";
import type { RolloutRequester } from "../../src/database/queries/rollout/rollout-order.ts";
import { sessionStart } from "../../src/database/session.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { TestClients } from "../../src/operator-api/testing/operator-api.ts";
import { rolloutCarryOut } from "../../src/shepherd/rollout/carry-out.ts";
import { silent, type Fleet } from "./fleet.ts";

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
  fleet: Pick<Fleet, "rows">,
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

/** Turns of rollouts, and what has come of them. */
export interface RolloutTurns {
  /** One turn of every rollout, by a shepherd of its own. */
  turn(ask?: RolloutRequester["request"]): Promise<void>;
  /** The rollout's state. */
  stateOf(rollout: string): Promise<string>;
  /** Its machines and their states, in their order. */
  statesOf(rollout: string): Promise<string>;
  /** Machines with names like this, and their last generations. */
  lastGenerations(like: string): Promise<string>;
}

/** Takes turns by hand, so that a test decides what happens between them. */
export function rolloutTurns(fleet: Fleet, requester: RolloutRequester): RolloutTurns {
  const texts = async (statement: string, value: string): Promise<string> => {
    const rows = await fleet.rows<{ text: string }>(statement, value);
    return rows.map(({ text }) => text).join(", ");
  };
  return {
    turn: async (ask = (order) => requester.request(order)) => {
      const options = { component: "shepherd", log: silent, clock: systemClock };
      await using session = await sessionStart(fleet.database, options);
      const tools = { request: ask, metrics: createMetrics(), log: silent, signal: session.lost };
      for (const held of await rolloutClaim(fleet.database, session)) {
        await rolloutCarryOut(held, tools);
      }
    },
    stateOf: (rollout) => texts("SELECT state AS text FROM rollout WHERE rollout_name = $1", rollout),
    statesOf: (rollout) =>
      texts(
        `SELECT m.name || ' ' || r.state AS text FROM rollout_machine r JOIN machines m USING (machine_id)
         JOIN rollout o USING (rollout_number) WHERE rollout_name = $1 ORDER BY position`,
        rollout,
      ),
    lastGenerations: (like) =>
      texts("SELECT name || ' ' || last_generation AS text FROM machines WHERE name LIKE $1 ORDER BY name", like),
  };
}
