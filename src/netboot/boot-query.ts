import type { MachineIdentity } from "../database/machine-identity.ts";
import { macParse, macTellsApart } from "../lib/net/mac.ts";
import { meaningful } from "../contract/smbios-text.ts";
import { smbiosUuidParse } from "../contract/smbios-uuid.ts";
import { architectureOf, type Architecture } from "./architecture.ts";

/** Network interfaces that iPXE is asked for by number. */
export const interfacesAsked = 8;
/** What is read of the MACs that a caller names. */
const macsLimit = 64;

/** What a machine says of itself when it asks what to boot. */
export interface BootQuery {
  identity: MachineIdentity;
  /** Absent: one that there are no boot images for. */
  architecture?: Architecture;
  /** What its firmware gives as its serial number, "" where it gives none worth the name; absent = it was not asked for it. */
  serialNumber?: string;
  /** How it is started: by UEFI or by a BIOS. */
  platform: "efi" | "pcbios";
}

/** The identity in texts of whatever letter case and separators; what tells no machine from another is left out. Pure. */
export function identityOf(uuid: string, macs: readonly string[]): MachineIdentity {
  const smbiosUuid = smbiosUuidParse(uuid);
  const parsed = macs.slice(0, macsLimit).flatMap((mac) => macParse(mac) ?? []);
  return { ...(smbiosUuid === undefined ? {} : { smbiosUuid }), macs: [...new Set(parsed)].filter(macTellsApart) };
}

/** Reads the query of /machine.ipxe. Pure. */
export function bootQuery(parameters: URLSearchParams): BootQuery {
  const architecture = architectureOf((parameters.get("arch") ?? "").toLowerCase());
  const serial = parameters.get("serial");
  return {
    identity: identityOf(parameters.get("uuid") ?? "", parameters.getAll("mac")),
    ...(architecture === undefined ? {} : { architecture }),
    ...(serial === null ? {} : { serialNumber: meaningful(serial.trim()) }),
    platform: (parameters.get("platform") ?? "").toLowerCase() === "efi" ? "efi" : "pcbios",
  };
}
