import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import type { Provided } from "../views/machine-record.ts";

/** Writes the tag `provided`, or replaces it. */
export async function machineProvidedSet(tx: Tx, machineId: MachineId, provided: Provided): Promise<void> {
  const row = {
    provider: provided.provider,
    provider_id: provided.providerId,
    provider_reservation_id: provided.reservationId ?? null,
    provider_address: provided.address ?? null,
    provider_location: provided.location ?? null,
    provider_status: provided.status ?? null,
  };
  await tx
    .insertInto("machine_provided")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
}
