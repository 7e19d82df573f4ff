import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BlockDeviceSchema, BlockDevice_Protocol } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { diskHealthLook, diskKind, disksByPlace, diskTitle } from "./disk-facts.ts";

test.each([
  [{ protocol: BlockDevice_Protocol.NVME, transport: "pcie" }, "NVMe SSD"],
  [{ protocol: BlockDevice_Protocol.ATA, transport: "sata", rotational: true }, "SATA HDD"],
  [{ protocol: BlockDevice_Protocol.SCSI, transport: "usb", removable: true }, "USB removable"],
  [{ transport: "virtio" }, "virtio SSD"],
  [{}, "SSD"],
])("the kind of a disk %#", (device, words) => {
  expect(diskKind(create(BlockDeviceSchema, device))).toBe(words);
});

test("the maker is named once", () => {
  expect(diskTitle({ vendor: "Samsung", deviceModel: "SAMSUNG MZQL2", name: "nvme0n1" })).toBe("SAMSUNG MZQL2");
  expect(diskTitle({ vendor: "WDC", deviceModel: "WUH721414", name: "sda" })).toBe("WDC WUH721414");
  expect(diskTitle({ vendor: "", deviceModel: "", name: "vda" })).toBe("vda");
});

test("a failing disk is bad, a damaged one doubtful, a silent one neither", () => {
  expect(diskHealthLook(create(BlockDeviceSchema, { criticalWarning: true })).tone).toBe("bad");
  expect(diskHealthLook(create(BlockDeviceSchema, { smartAttribute: [{ number: 5, raw: 12n }] })).tone).toBe("warn");
  expect(diskHealthLook(create(BlockDeviceSchema, { temperatureCelsius: 31 })).tone).toBe("good");
  expect(diskHealthLook(create(BlockDeviceSchema)).tone).toBe("idle");
});

test("places count numbers as numbers", () => {
  const disks = ["0000:0a:00.0", "0000:2:00.0", "0000:10:00.0"].map((pciAddress) => ({
    device: create(BlockDeviceSchema, { pciAddress }),
  }));
  expect(disksByPlace(disks).map(({ device }) => device.pciAddress)).toEqual([
    "0000:0a:00.0",
    "0000:2:00.0",
    "0000:10:00.0",
  ]);
});
