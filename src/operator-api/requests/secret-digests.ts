import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { MachineId } from "../../database/ids.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import { bodyDigest } from "./body-digest.ts";

/**
 * Digests of what a command asks for, where that holds a secret: HMACs under the keys of the ring, the current one's first.
 * A plain digest of a short password would let a reader of the database guess it.
 */
export function secretDigests<Desc extends DescMessage>(
  ring: KeyRing,
  schema: Desc,
  message: MessageShape<Desc>,
  machineId?: MachineId,
): [Uint8Array, ...Uint8Array[]] {
  return ring.digests(bodyDigest(schema, message, machineId));
}

/**
 * The same for a command about a machine. What was recorded before there were keys, by a plain digest, is known again too.
 */
export function secretDigestsOf<Desc extends DescMessage>(
  ring: KeyRing,
  schema: Desc,
  message: MessageShape<Desc>,
  machineId: MachineId,
): { bodyDigest: Uint8Array; earlierDigests: readonly Uint8Array[] } {
  if (!ring.sealing() && ring.held().length === 0) {
    // The request is stored in clear then: its plain digest tells no more.
    return { bodyDigest: bodyDigest(schema, message, machineId), earlierDigests: [] };
  }
  const [first, ...earlier] = secretDigests(ring, schema, message, machineId);
  return { bodyDigest: first, earlierDigests: [...earlier, bodyDigest(schema, message, machineId)] };
}
