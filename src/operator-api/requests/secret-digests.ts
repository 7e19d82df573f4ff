import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { MachineId } from "../../database/ids.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import { bodyDigest } from "./body-digest.ts";

/**
 * Digests of what a command asks for, where that holds a secret: HMACs under the keys of the ring, the current one's first.
 * A plain digest of a short password would let whoever reads the database guess it.
 */
export function secretDigests<Desc extends DescMessage>(
  ring: KeyRing,
  schema: Desc,
  message: MessageShape<Desc>,
  machineId?: MachineId,
): [Uint8Array, ...Uint8Array[]] {
  return ring.digests(bodyDigest(schema, message, machineId));
}
