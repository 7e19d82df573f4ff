import type { MachineIdentity } from "../database/machine-identity.ts";
import { identityOf } from "./boot-query.ts";

/** Longer than any handle in Farrier's own scripts. */
const handleLimit = 2048;

/**
 * Encodes what a machine reports about itself as the name of its boot configuration, whether it is known or not: a
 * caller that can ask for one can ask for the other, and any netboot process of a fleet can answer. Pure.
 */
export function configHandle({ smbiosUuid, macs }: MachineIdentity): string {
  return Buffer.from([smbiosUuid ?? "", ...macs].join(" ")).toString("base64url") || "-";
}

/** The identity in a handle; undefined if it is not a handle. Pure. */
export function configHandleRead(handle: string): MachineIdentity | undefined {
  if (handle.length > handleLimit || !/^[\w-]+$/u.test(handle)) {
    return undefined;
  }
  const [uuid = "", ...macs] = Buffer.from(handle, "base64url").toString("latin1").split(" ");
  const identity = identityOf(uuid, macs);
  return configHandle(identity) === handle ? identity : undefined;
}
