import { posix } from "node:path";
import type { NamedDisk } from "./disk-ids.ts";
import type { DiskPlace } from "./disk-place.ts";
import type { Tree } from "./tree.ts";
import { ataIdentity, designators, unitSerialNumber } from "./vital-data.ts";

/** A disk's identity; "" and empty mean not reported. */
export interface DiskIdentity extends NamedDisk {
  firmwareVersion: string;
  wwn: Uint8Array;
}

/** Reads a disk's identity from sysfs, including its pages of vital product data. */
export async function diskIdentity(tree: Tree, name: string, place: DiskPlace): Promise<DiskIdentity> {
  const path = `sys/block/${name}`;
  const wwid = (await tree.text(`${path}/wwid`)) || (await tree.text(`${path}/device/wwid`));
  const ata = ataIdentity((await tree.bytes(`${path}/device/vpd_pg89`)) ?? Buffer.alloc(0));
  const vendor = await tree.text(`${path}/device/vendor`);
  const told = {
    transport: place.transport,
    // For virtio this is only its number on the bus.
    vendor: place.transport === "virtio" ? "" : vendor,
    model: (await tree.text(`${path}/device/model`)) || (await tree.text(`${path}/device/name`)),
    firmwareVersion: (await tree.text(`${path}/device/firmware_rev`)) || (await tree.text(`${path}/device/rev`)),
    serialNumber: await serialNumber(tree, path),
    namespace: (await tree.integer(`${path}/nsid`)) ?? 0,
    address: "",
    usbSerialNumber: "",
    wwid,
    ataWwn: Uint8Array.from(ata?.wwn ?? []),
    ataCut: ata === undefined,
    designators: designators((await tree.bytes(`${path}/device/vpd_pg83`)) ?? Buffer.alloc(0)),
  };
  const wwn = wwnBytes(wwid);
  if (place.transport === "usb") {
    const { serial, address } = await usbPlace(tree, place.path);
    return { ...told, wwn, address, usbSerialNumber: serial, serialNumber: told.serialNumber || serial };
  }
  // The page has the full texts; sysfs cuts them to SCSI's lengths.
  return ata === undefined
    ? { ...told, wwn }
    : {
        ...told,
        wwn: wwn.length === 0 ? Uint8Array.from(ata.wwn) : wwn,
        model: ata.model || told.model,
        serialNumber: ata.serialNumber || told.serialNumber,
        firmwareVersion: ata.firmwareVersion || told.firmwareVersion,
      };
}

/**
 * virtio has the serial number in the disk's folder, NVMe and MMC in the device's, SCSI and ATA in a page of vital
 * product data.
 */
async function serialNumber(tree: Tree, path: string): Promise<string> {
  return (
    (await tree.text(`${path}/device/serial`)) ||
    (await tree.text(`${path}/serial`)) ||
    unitSerialNumber((await tree.bytes(`${path}/device/vpd_pg80`)) ?? Buffer.alloc(0))
  );
}

/**
 * The bytes of "naa.5000c500a1b2c3d4", "eui.0025388b71b0c1d2" or "uuid.…"; empty for other forms, which are not
 * numbers.
 */
export function wwnBytes(wwid: string): Uint8Array {
  const match = /^(?:naa|eui|uuid)\.(?<hex>[0-9a-f-]{16,36})$/iu.exec(wwid);
  const hex = match?.groups?.["hex"]?.replaceAll("-", "") ?? "";
  return hex.length % 2 === 0 ? Uint8Array.from(Buffer.from(hex, "hex")) : new Uint8Array();
}

/** The serial number of the USB device that a disk is in, and "target:lun". */
async function usbPlace(tree: Tree, path: string): Promise<{ serial: string; address: string }> {
  const parts = path.split("/");
  const interfaceAt = parts.findLastIndex((part) => /^\d+-[\d.]+:\d+\.\d+$/u.test(part));
  const device = interfaceAt === -1 ? undefined : posix.dirname(parts.slice(0, interfaceAt + 1).join("/"));
  const address = parts.map((part) => /^\d+:\d+:(?<address>\d+:\d+)$/u.exec(part)?.groups?.["address"]);
  return {
    serial: device === undefined ? "" : await tree.text(`${device}/serial`),
    address: address.find((text) => text !== undefined) ?? "",
  };
}
