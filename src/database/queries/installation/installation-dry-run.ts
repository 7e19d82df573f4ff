import type { Database } from "../../connect.ts";
import type { MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { installationFacts, installationRequestAllowed, type InstallationOrder } from "./installation-facts.ts";
import { installationStanding } from "./installation-standing.ts";

/**
 * Checks whether a request would be accepted now; changes nothing.
 * @throws {DatabaseError} as {@link installationRequest} does
 */
export async function installationDryRun(
  database: Database,
  machineId: MachineId,
  order: Pick<InstallationOrder, "replace" | "generation" | "check">,
): Promise<void> {
  await transact(database, null, async (tx) => {
    const standing = await installationStanding(tx, machineId);
    installationRequestAllowed(standing, order);
    order.check?.(await installationFacts(tx, machineId, standing));
  });
}
