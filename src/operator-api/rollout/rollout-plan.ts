import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import type { RolloutPlanned } from "../../database/queries/rollout/rollout-create.ts";
import { rolloutSights, type RolloutSight } from "../../database/queries/rollout/rollout-sight.ts";
import { installationForesee } from "../installation-plan.ts";
import { wavesAssign } from "./waves-assign.ts";

/** Machines that are looked at by one statement: between two of them other calls get their turn. */
const atOnce = 500;

/**
 * Plans a rollout of these machines, in their order: the disk of each, what is overwritten, whether it is refused and why,
 * and its wave. Machines that are gone are left away.
 * @throws {DatabaseError} `unavailable`
 */
export async function rolloutPlan(
  database: Database,
  image: ImageInstallation,
  machineIds: readonly MachineId[],
  waves: readonly number[],
): Promise<{ machines: RolloutPlanned[] } | { problem: string }> {
  const planned: Omit<RolloutPlanned, "wave">[] = [];
  for (let from = 0; from < machineIds.length; from += atOnce) {
    const sights = await rolloutSights(database, machineIds.slice(from, from + atOnce));
    planned.push(...sights.map((sight) => rolloutForesee(image, sight)));
  }
  const assigned = wavesAssign(
    waves,
    planned.map(({ refused }) => refused !== null),
  );
  return "problem" in assigned
    ? assigned
    : { machines: planned.map((machine, index) => ({ ...machine, wave: assigned.waves[index] ?? 1 })) };
}

/** What would happen to one machine. Pure. */
export function rolloutForesee(image: ImageInstallation, sight: RolloutSight): Omit<RolloutPlanned, "wave"> {
  const foresight = installationForesee(image, sight);
  const disk = foresight.kind === "plan" ? foresight.plan.disk : undefined;
  const named = disk === undefined ? [] : [disk.name, disk.model, disk.serialNumber].filter((text) => text !== "");
  return {
    machineId: sight.machineId,
    seen: { generation: sight.lastGeneration, hardware: sight.fingerprint, labels: sight.labels },
    disk: named.join(" "),
    diskBytes: disk?.capacityBytes ?? 0n,
    overwrites: sight.installed?.generation ?? null,
    refused: refusalOf(sight) ?? (foresight.kind === "refused" ? foresight.reason : null),
    doubt: foresight.kind === "unknown" ? foresight.warning : null,
  };
}

function refusalOf({ quarantine, pending, heldBy }: RolloutSight): string | undefined {
  if (quarantine !== null) {
    return `it is in quarantine (${quarantine}): release it first`;
  }
  if (heldBy !== null) {
    return `rollout ${heldBy} holds it`;
  }
  return pending === null ? undefined : `generation ${pending} is pending on it: wait for it, or cancel it`;
}
