import { create } from "@bufbuild/protobuf";
import type { Board, Chassis, Firmware } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { BoardSchema, ChassisSchema, FirmwareSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { uuidOfBytes } from "../../lib/format/uuid.ts";
import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import { meaningful } from "../../contract/smbios-text.ts";
import { chassisKind } from "./smbios-words.ts";
import type { Smbios, SmbiosStructure } from "./smbios.ts";
import type { Tree } from "./tree.ts";

/** The machine's identity from the firmware; "" if not reported. */
export interface Identity {
  manufacturer: string;
  product: string;
  serialNumber: string;
  productVersion: string;
  skuNumber: string;
  smbiosUuid: string;
  firmware?: Firmware;
  board?: Board;
  chassis?: Chassis;
}

/**
 * The machine's identity from the firmware's tables, or from sysfs if these can't be read. Both give the same texts, so
 * placeholders are removed from both.
 */
export async function identity(tree: Tree, tables: Smbios): Promise<Identity> {
  const told = smbiosIdentity(tables);
  const shown = async (file: string): Promise<string> => meaningful(await tree.text(`sys/class/dmi/id/${file}`));
  const found: Identity = {
    ...told,
    manufacturer: told.manufacturer || (await shown("sys_vendor")),
    product: told.product || (await shown("product_name")),
    productVersion: told.productVersion || (await shown("product_version")),
    // Only root may read it.
    serialNumber: told.serialNumber || (await shown("product_serial")),
    skuNumber: told.skuNumber || (await shown("product_sku")),
  };
  if (found.manufacturer === "" && found.product === "") {
    tree.warn("the firmware does not say what this machine is (/sys/class/dmi/id)");
  }
  return found;
}

/** From SMBIOS types 0 to 3 (DSP0134, 7.1 to 7.4). Pure. */
export function smbiosIdentity(tables: Smbios): Identity {
  const first = (type: number): SmbiosStructure | undefined => tables.structures.find((entry) => entry.type === type);
  const [bios, system, board, chassis] = [first(0), first(1), first(2), first(3)];
  return {
    manufacturer: system?.text(0x04) ?? "",
    product: system?.text(0x05) ?? "",
    productVersion: system?.text(0x06) ?? "",
    serialNumber: system?.text(0x07) ?? "",
    smbiosUuid: system === undefined ? "" : uuidText(system.bytes(0x08, 16), tables.version),
    skuNumber: system?.text(0x19) ?? "",
    ...(bios === undefined
      ? {}
      : {
          firmware: create(FirmwareSchema, {
            vendor: bios.text(0x04),
            version: bios.text(0x05),
            releaseDate: bios.text(0x08),
          }),
        }),
    ...(board === undefined
      ? {}
      : {
          board: create(BoardSchema, {
            manufacturer: board.text(0x04),
            product: board.text(0x05),
            version: board.text(0x06),
            serialNumber: board.text(0x07),
            assetTag: board.text(0x08),
          }),
        }),
    ...(chassis === undefined
      ? {}
      : {
          chassis: create(ChassisSchema, {
            manufacturer: chassis.text(0x04),
            kind: chassisKind(chassis.byte(0x05)),
            version: chassis.text(0x06),
            serialNumber: chassis.text(0x07),
            assetTag: chassis.text(0x08),
            heightUnits: chassis.byte(0x11),
          }),
        }),
  };
}

/**
 * DSP0134, 7.2.1: from version 2.6 on the first three fields are little-endian, before that none is. "" for a UUID that
 * identifies no machine.
 */
export function uuidText(bytes: Buffer, version: number): string {
  if (bytes.length !== 16) {
    return "";
  }
  const ordered = Buffer.from(bytes);
  if (version === 0 || version >= 0x02_06) {
    ordered.subarray(0, 4).reverse();
    ordered.subarray(4, 6).reverse();
    ordered.subarray(6, 8).reverse();
  }
  return smbiosUuidParse(uuidOfBytes(ordered)) ?? "";
}
