import type { Generation, MachineId } from "../database/ids.ts";
import { cameUpToken, cameUpTokenDigest } from "./came-up-token.ts";
import type { KeyRing } from "./key-ring.ts";
import type { SealedPlace } from "./seal.ts";

/** The machine and the generation of an installation request. */
export interface RequestOwner {
  machineId: MachineId;
  generation: Generation;
}

function requestPlace({ machineId, generation }: RequestOwner): SealedPlace {
  return { table: "machine_os_installation_request", row: `${machineId} ${generation}`, purpose: "request" };
}

/**
 * Seals a serialised request for its row. If the control plane has no current key yet, returns it in clear text; it is
 * sealed once there is a key.
 * @throws {SecretsError} `key_missing` if this process lacks the current key
 */
export function requestSeal(ring: KeyRing, owner: RequestOwner, raw: Uint8Array): Uint8Array {
  return ring.sealing() ? ring.seal(requestPlace(owner), raw) : raw;
}

/**
 * Opens a stored request and returns its serialised bytes. A request in clear text is returned unchanged.
 * @throws {SecretsError} `key_missing`, `altered`
 */
export function requestOpen(ring: Pick<KeyRing, "open">, owner: RequestOwner, stored: Uint8Array): Uint8Array {
  return ring.open(requestPlace(owner), stored);
}

/**
 * Returns a function that opens a stored request, reserialises it with another generation, and seals the result. It
 * throws the errors of {@link requestOpen}, {@link requestSeal} and `check`, which looks at the opened request.
 */
export function requestReserialise<Owner extends RequestOwner>(
  ring: KeyRing,
  reserialise: (raw: Uint8Array, generation: Generation, mint: () => string) => { raw: Uint8Array; token?: string },
  check: (raw: Uint8Array, owner: Owner) => void,
): (stored: Uint8Array, generation: Generation, owner: Owner) => { raw: Uint8Array; tokenDigest?: Uint8Array } {
  return (stored, generation, owner) => {
    const opened = requestOpen(ring, owner, stored);
    check(opened, owner);
    const { raw, token } = reserialise(opened, generation, cameUpToken);
    return {
      raw: requestSeal(ring, { ...owner, generation }, raw),
      ...(token === undefined ? {} : { tokenDigest: cameUpTokenDigest(token) }),
    };
  };
}
