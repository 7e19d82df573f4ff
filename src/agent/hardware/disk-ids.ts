// The names under /dev/disk/by-id, by udev's rules (systemd, rules.d/60-persistent-storage.rules, scsi_id, ata_id).
import { cleanText } from "../errors.ts";
import { textLimit } from "./tree.ts";
import type { Designator } from "./vital-data.ts";

/** The parts of a disk's names. */
export interface NamedDisk {
  transport: string;
  vendor: string;
  model: string;
  serialNumber: string;
  /** NVMe: the namespace's number; 0 means unknown. */
  namespace: number;
  /** USB: the serial number of the USB device, and "target:lun" in it. */
  usbSerialNumber: string;
  address: string;
  /** NVMe: as the kernel writes it ("eui.…"). */
  wwid: string;
  /** ATA: its world-wide name; empty means none. */
  ataWwn: Uint8Array;
  /** ATA: the kernel does not have page 89h, which has model and serial number in full. */
  ataCut?: boolean;
  /** SCSI: the designators of page 83h. */
  designators: readonly Designator[];
}

/** The disk's names. Pure. */
export function diskIds(disk: NamedDisk): string[] {
  const { transport, model, serialNumber, wwid } = disk;
  const hasSerial = serialNumber !== "";
  // udev decides by vendor, not by bus: a SATA disk behind a SAS controller has the same names as on a SATA port.
  if (["ata", "scsi", "sas"].includes(transport) && (transport === "ata" || disk.vendor === "ATA")) {
    return disk.ataCut === true ? [] : ataIds(disk);
  }
  switch (transport) {
    case "mmc":
      return model !== "" && hasSerial ? [`mmc-${together(model)}_${together(serialNumber)}`] : [];
    case "virtio":
      return hasSerial ? [`virtio-${each(serialNumber)}`] : [];
    case "usb": {
      const parts = [disk.vendor, model, disk.usbSerialNumber]
        .filter((part) => part !== "")
        .map((part) => together(part));
      return model === "" ? [] : [`usb-${parts.join("_")}-${disk.address}`];
    }
    case "scsi":
    case "sas":
    case "fc":
    case "iscsi":
      return scsiIds(disk);
    default:
      return disk.namespace === 0 && wwid === "" ? [] : nvmeIds(disk);
  }
}

/** From the same data as ata_id. The cut texts of the SCSI fields would give other names. */
function ataIds({ model, serialNumber, ataWwn }: NamedDisk): string[] {
  return [
    ...(model === "" || serialNumber === "" ? [] : [`ata-${together(model)}_${together(serialNumber)}`]),
    ...(ataWwn.length === 0 ? [] : [`wwn-0x${Buffer.from(ataWwn).toString("hex")}`]),
  ];
}

/** Over PCI Express or a network. */
function nvmeIds({ model, serialNumber, wwid, namespace }: NamedDisk): string[] {
  const name = `nvme-${each(model)}_${each(serialNumber)}`;
  return [
    ...(model === "" || serialNumber === "" ? [] : [name, ...(namespace === 0 ? [] : [`${name}_${namespace}`])]),
    ...(wwid === "" ? [] : [`nvme-${each(wwid)}`]),
  ];
}

// scsi_id takes the first that is present: NAA by its kind (6, 5, 2 and others), EUI-64, T10, vendor specific.
const preference = [
  (designator: Designator): boolean => designator.type === 3 && naa(designator) === 6,
  (designator: Designator): boolean => designator.type === 3 && naa(designator) === 5,
  (designator: Designator): boolean => designator.type === 3,
  (designator: Designator): boolean => designator.type === 2,
  (designator: Designator): boolean => designator.type === 1,
  (designator: Designator): boolean => designator.type === 0,
];

const naa = ({ value }: Designator): number => (value[0] ?? 0) >> 4;

function scsiIds(disk: NamedDisk): string[] {
  const chosen = preference
    .map((wanted) => disk.designators.find((designator) => wanted(designator)))
    .find((designator) => designator !== undefined);
  if (chosen === undefined) {
    return [];
  }
  const text =
    chosen.codeSet === 1 ? chosen.value.toString("hex") : cleanText(chosen.value.toString("latin1"), textLimit);
  const maker = chosen.type === 0 ? `${disk.vendor.padEnd(8)}${disk.model.padEnd(16)}` : "";
  return [
    `scsi-${together(`${chosen.type}${maker}${text}`)}`,
    ...(chosen.type === 3 ? [`wwn-0x${chosen.value.toString("hex")}`] : []),
  ];
}

/** Each run of blanks becomes one "_", as does any other character that udev does not allow in a name. */
function together(text: string): string {
  return allowed(text.trim().replaceAll(/\s+/gu, "_"));
}

/** Each blank becomes its own "_". */
function each(text: string): string {
  return allowed(text.replaceAll(/\s/gu, "_"));
}

function allowed(text: string): string {
  return text.replaceAll(/[^\w#+\-.:=@\u0080-\uffff]/gu, "_");
}
