import type { MachineIdentity } from "../database/machine-identity.ts";
import { identityOf } from "./boot-query.ts";

/** Longer than what any script of ours names. */
const handleLimit = 2048;

/**
 * Names a machine's boot configuration by what the machine says of itself, known or not: whoever can ask for the one can
 * ask for the other, and any netboot process of a fleet can answer. Pure.
 */
export function configHandle({ smbiosUuid, macs }: MachineIdentity): string {
  return Buffer.from([smbiosUuid ?? "", ...macs].join(" ")).toString("base64url") || "-";
}

/** The identity in a handle; undefined where it is none. Pure. */
export function configHandleRead(handle: string): MachineIdentity | undefined {
  if (handle.length > handleLimit || !/^[\w-]+$/u.test(handle)) {
    return undefined;
  }
  const [uuid = "", ...macs] = Buffer.from(handle, "base64url").toString("latin1").split(" ");
  const identity = identityOf(uuid, macs);
  return configHandle(identity) === handle ? identity : undefined;
}
