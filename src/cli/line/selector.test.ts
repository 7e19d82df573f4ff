import { describe, expect, test } from "vitest";
import { BlockDevice_Protocol } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { CliError } from "../errors.ts";
import type { SelectorFields } from "../../contract/disk-selector-text.ts";
import { parseSelector } from "./selector.ts";

test.each<[string, SelectorFields]>([
  ["serial=S3Z9NB0K", { serialNumber: "S3Z9NB0K" }],
  ["serial=a=b", { serialNumber: "a=b" }],
  [String.raw`serial=a\,b,name=sda`, { serialNumber: "a,b", name: "sda" }],
  [" serial = x , name = sda ", { serialNumber: "x", name: "sda" }],
  ["name=/dev/nvme0n1", { name: "nvme0n1" }],
  ["wwn=0x5000c500A1b2c3d4", { wwn: Uint8Array.of(0x50, 0, 0xc5, 0, 0xa1, 0xb2, 0xc3, 0xd4) }],
  ["wwn=eui.0025385b", { wwn: Uint8Array.of(0, 0x25, 0x38, 0x5b) }],
  ["wwn=50:00:c5:00", { wwn: Uint8Array.of(0x50, 0, 0xc5, 0) }],
  ["by-path=/dev/disk/by-path/pci-0000:00:1f.2-ata-1", { byPath: "pci-0000:00:1f.2-ata-1" }],
  ["by-path=/dev/disk/by-id/wwn-0x5000c50015ea71ab", { byPath: "wwn-0x5000c50015ea71ab" }],
  ["protocol=NVMe,rotational=no", { protocol: BlockDevice_Protocol.NVME, rotational: false }],
  ["rotational=true", { rotational: true }],
  ["min=500G,max=1.5Ti", { minBytes: 500_000_000_000n, maxBytes: 1_649_267_441_664n }],
])("%s", (text, selector) => {
  expect(parseSelector(text)).toEqual(selector);
});

describe("what is wrong is named, with what was expected:", () => {
  test.each([
    ["", /"" is not a condition: expected serial=, wwn=/u],
    ["serial=", /"serial=" is not a condition/u],
    ["serial", /"serial" is not a condition/u],
    ["=x", /"=x" is not a condition/u],
    ["seral=x", /"seral=x" is not a condition/u],
    ["serial=x,", /"" is not a condition/u],
    ["toString=x", /"toString=x" is not a condition/u],
    ["serial=x,serial=y", /serial= is given twice/u],
    ["wwn=xyz", /wwn=: "xyz" is not a WWN/u],
    ["wwn=0x123", /wwn=: "0x123" is not a WWN: expected an even number/u],
    ["protocol=usb", /protocol=: "usb" is not one of scsi, ata, nvme, mmc/u],
    ["rotational=perhaps", /rotational=: "perhaps" is not one of yes, no/u],
    ["min=10X", /min=: "10X" is not a size/u],
    ["max=-1", /max=: "-1" is not a size/u],
  ])("%s", (text, message) => {
    expect(() => parseSelector(text)).toThrow(message);
    expect(() => parseSelector(text)).toThrow(CliError);
  });
});
