import type { MachineIdentity } from "../database/machine-identity.ts";
import { macParse, macTellsApart } from "../lib/net/mac.ts";
import { meaningful } from "../contract/smbios-text.ts";
import { smbiosUuidParse } from "../contract/smbios-uuid.ts";
import { architectureOf, type Architecture } from "./architecture.ts";

/** Number of network interfaces that iPXE reports by number. */
export const interfacesAsked = 8;
/** Maximum number of a caller's MACs that are read. */
const macsLimit = 64;

/** What a machine reports about itself when it asks what to boot. */
export interface BootQuery {
  identity: MachineIdentity;
  /** Absent for an architecture without boot images. */
  architecture?: Architecture;
  /** The serial number from its firmware, "" if it is a placeholder; absent if it was not asked for. */
  serialNumber?: string;
  /** How it booted: by UEFI or by a BIOS. */
  platform: "efi" | "pcbios";
}

/**
 * The identity from texts in any letter case and with any separators; values that do not identify a machine are left
 * out. Pure.
 */
export function identityOf(uuid: string, macs: readonly string[]): MachineIdentity {
  const smbiosUuid = smbiosUuidParse(uuid);
  const parsed = macs.slice(0, macsLimit).flatMap((mac) => macParse(mac) ?? []);
  return { ...(smbiosUuid === undefined ? {} : { smbiosUuid }), macs: [...new Set(parsed)].filter(macTellsApart) };
}

/** Parses the query of /machine.ipxe. Pure. */
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
