import type { Generation, MachineId } from "../database/ids.ts";
import type { KeyRing } from "./key-ring.ts";
import type { SealedPlace } from "./seal.ts";

/** Whose installation request it is. */
export interface RequestOwner {
  machineId: MachineId;
  generation: Generation;
}

function requestPlace({ machineId, generation }: RequestOwner): SealedPlace {
  return { table: "machine_os_installation_request", row: `${machineId} ${generation}`, purpose: "request" };
}

/**
 * Seals a serialised request for its row. It stays in clear only while the control plane has no current key yet; it is sealed
 * once there is one.
 * @throws {SecretsError} `key_missing` where this process lacks the current key
 */
export function requestSeal(ring: KeyRing, owner: RequestOwner, raw: Uint8Array): Uint8Array {
  return ring.sealing() ? ring.seal(requestPlace(owner), raw) : raw;
}

/**
 * Opens a stored request: the bytes that were serialised. What SQL stored in clear comes back as it is.
 * @throws {SecretsError} `key_missing`, `altered`
 */
export function requestOpen(ring: KeyRing, owner: RequestOwner, stored: Uint8Array): Uint8Array {
  return ring.open(requestPlace(owner), stored);
}

/** Opens a stored request, has it written under another generation, and seals that. Throws as these do. */
export function requestReserialise(
  ring: KeyRing,
  reserialise: (raw: Uint8Array, generation: Generation) => Uint8Array,
): (stored: Uint8Array, generation: Generation, owner: RequestOwner) => Uint8Array {
  return (stored, generation, owner) =>
    requestSeal(ring, { ...owner, generation }, reserialise(requestOpen(ring, owner, stored), generation));
}
