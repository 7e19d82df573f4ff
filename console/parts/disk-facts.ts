import type { BlockDevice } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { diskHealthWords } from "../../src/contract/words/disk-health-words.ts";
import { protocolNames } from "../../src/contract/words/hardware.ts";
import { wordOf } from "../../src/contract/words/table.ts";
import type { Tone } from "../ui/Chip.tsx";

/** "NVMe SSD", "SATA HDD", "USB": what a disk is. Pure. */
export function diskKind({ protocol, transport, rotational, removable }: BlockDevice): string {
  const bus = transport === "usb" ? "USB" : (wordOf(protocolNames, protocol) ?? transport.toUpperCase());
  const named = transport === "sata" ? "SATA" : transport === "virtio" ? "virtio" : bus;
  return [named, removable ? "removable" : rotational ? "HDD" : "SSD"].filter((word) => word !== "").join(" ");
}

/** "Samsung PM9A3": maker and model, once where the model names the maker too. Pure. */
export function diskTitle({ vendor, deviceModel, name }: Pick<BlockDevice, "vendor" | "deviceModel" | "name">): string {
  const model = deviceModel.toLowerCase().startsWith(vendor.toLowerCase()) ? deviceModel : `${vendor} ${deviceModel}`;
  return model.trim() === "" ? name || "disk" : model.trim();
}

/** A disk's health in words, and whether it is a reason to choose another. Pure. */
export function diskHealthLook(disk: BlockDevice): { words: string; tone: Tone } {
  const words = diskHealthWords(disk);
  if (words.startsWith("failing")) {
    return { words, tone: "bad" };
  }
  return { words, tone: words.startsWith("damaged") ? "warn" : words === "-" ? "idle" : "good" };
}

/** Disks in the order of their places: by PCI address, then by path, then by name; numbers in them count as numbers. Pure. */
export function disksByPlace<Disk extends { device: BlockDevice }>(disks: readonly Disk[]): Disk[] {
  const place = ({ device }: Disk): string => [device.pciAddress, device.byPath[0] ?? "", device.name].join(" ");
  return disks.toSorted((a, b) => place(a).localeCompare(place(b), "en", { numeric: true }));
}
