import { create } from "@bufbuild/protobuf";
import type { Bmc } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { BmcSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { ipText } from "../../lib/net/ip-bytes.ts";
import { cleanText } from "../errors.ts";
import { bmcInterface } from "./smbios-words.ts";
import type { Smbios, SmbiosStructure } from "./smbios.ts";
import type { Tree } from "./tree.ts";
import { int32, textLimit } from "./tree.ts";

const device = "sys/class/ipmi/ipmi0/device/bmc";

/**
 * The management controller, from the firmware's tables (SMBIOS types 38 and 42) and the kernel's driver; undefined if
 * there is none.
 */
export async function bmc(tree: Tree, tables: Smbios): Promise<Bmc | undefined> {
  const told = smbiosBmc(tables);
  const version = await tree.text(`${device}/ipmi_version`);
  if (told === undefined && version === "") {
    return undefined;
  }
  const number = async (file: string): Promise<number> => {
    const text = await tree.text(`${device}/${file}`);
    return /^0x[0-9a-f]{1,8}$/iu.test(text) ? int32(Number(text)) : 0;
  };
  const found = told ?? create(BmcSchema, {});
  return create(BmcSchema, {
    ...found,
    ipmiVersion: version || found.ipmiVersion,
    firmwareVersion: await tree.text(`${device}/firmware_revision`),
    manufacturerId: await number("manufacturer_id"),
    productId: await number("product_id"),
    guid: await tree.text(`${device}/guid`),
  });
}

/** From the firmware's tables. Pure. */
export function smbiosBmc({ structures }: Smbios): Bmc | undefined {
  const ipmi = structures.find(({ type }) => type === 38);
  const redfish = structures
    .filter(({ type }) => type === 42)
    .map((entry) => redfishOf(entry))
    .find((found) => found !== undefined);
  return ipmi === undefined && redfish === undefined
    ? undefined
    : create(BmcSchema, {
        interface: ipmi === undefined ? "Redfish" : bmcInterface(ipmi.byte(0x04)),
        ...(ipmi === undefined ? {} : { ipmiVersion: bcdVersion(ipmi.byte(0x05)), baseAddress: baseAddress(ipmi) }),
        ...redfish,
      });
}

/** DSP0134, 7.39: 0x20 means version 2.0. */
function bcdVersion(value: number): string {
  return value === 0 ? "" : `${value >> 4}.${value & 0x0f}`;
}

/** DSP0134, 7.39: bit 0 of the address means I/O ports; the address' own bit 0 is bit 4 of the modifier. */
function baseAddress(ipmi: SmbiosStructure): bigint {
  return (ipmi.quad(0x08) & ~1n) | BigInt((ipmi.byte(0x10) >> 4) & 1);
}

const networkHostInterface = 0x40;
const redfishOverIp = 4;
const protocolLimit = 16;

/**
 * DSP0134, 7.43, and DSP0270, 8: the address at which the management controller's Redfish service answers this host.
 */
function redfishOf(
  entry: SmbiosStructure,
): Pick<Bmc, "redfishAddress" | "redfishPort" | "redfishHostname"> | undefined {
  if (entry.byte(0x04) !== networkHostInterface) {
    return undefined;
  }
  let at = 6 + entry.byte(0x05);
  const count = Math.min(entry.byte(at), protocolLimit);
  at += 1;
  for (let index = 0; index < count; index += 1) {
    const data = at + 2;
    if (entry.byte(at) === redfishOverIp) {
      // 1 = IPv4, in the first four of the sixteen bytes; 2 = IPv6.
      const format = entry.byte(data + 51);
      const address = entry.bytes(data + 52, format === 1 ? 4 : 16);
      const known = (format === 1 || format === 2) && address.some((byte) => byte !== 0);
      return {
        redfishAddress: known ? ipText(address) : "",
        redfishPort: entry.word(data + 84),
        redfishHostname: cleanText(entry.bytes(data + 91, entry.byte(data + 90)).toString("latin1"), textLimit),
      };
    }
    at = data + entry.byte(at + 1);
  }
  return undefined;
}
