import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { BlockDevice_Protocol, BlockDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { DiskSelectorSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { selectDisk } from "./select-disk.ts";

const disks = [
  {
    name: "sda",
    serialNumber: "S1",
    wwn: Uint8Array.of(0x50, 0, 0xc5),
    capacityBytes: 1000n,
    protocol: BlockDevice_Protocol.ATA,
    rotational: true,
    byPath: ["pci-0000:00:1f.2-ata-1"],
    byId: ["ata-ST2000NX0253_S1"],
  },
  {
    name: "sdb",
    serialNumber: "S2",
    wwn: Uint8Array.of(0x50),
    capacityBytes: 2000n,
    protocol: BlockDevice_Protocol.ATA,
  },
  { name: "nvme0n1", serialNumber: "S3", capacityBytes: 3000n, protocol: BlockDevice_Protocol.NVME },
  { name: "vda", capacityBytes: 3000n },
].map((device) => ({ device: create(BlockDeviceSchema, device) }));

type Selector = MessageInitShape<typeof DiskSelectorSchema>;

describe("the one disk", () => {
  test.each<[Selector, string]>([
    [{ serialNumber: "S2" }, "sdb"],
    [{ wwn: Uint8Array.of(0x50) }, "sdb"],
    [{ byPath: "pci-0000:00:1f.2-ata-1" }, "sda"],
    [{ byPath: "/dev/disk/by-path/pci-0000:00:1f.2-ata-1" }, "sda"],
    [{ byPath: "/dev/disk/by-id/ata-ST2000NX0253_S1" }, "sda"],
    [{ name: "vda" }, "vda"],
    [{ name: "/dev/vda" }, "vda"],
    [{ protocol: BlockDevice_Protocol.NVME }, "nvme0n1"],
    [{ rotational: true }, "sda"],
    [{ minBytes: 2000n, maxBytes: 2000n }, "sdb"],
    [{ maxBytes: 1000n }, "sda"],
    [{ protocol: BlockDevice_Protocol.ATA, rotational: false }, "sdb"],
    [{ minBytes: 3000n, serialNumber: "S3" }, "nvme0n1"],
  ])("case %#", (selector, name) => {
    expect(selectDisk(disks, create(DiskSelectorSchema, selector)).device.name).toBe(name);
  });

  test.each<[Selector | undefined, RegExp]>([
    [undefined, /does not say which disk.*sda.*sdb.*nvme0n1.*vda/u],
    [{}, /does not say which disk/u],
    [
      { serialNumber: "S9" },
      /no disk matches serial=S9\. Disks: sda \(1000 bytes; serial=S1 or wwn=5000c5 or by-path=pci-0000:00:1f.2-ata-1 or name=sda\); sdb/u,
    ],
    // Each condition holds for one, both for none.
    [{ serialNumber: "S1", name: "sdb" }, /no disk matches serial=S1,name=sdb/u],
    [{ rotational: true, minBytes: 1001n }, /no disk matches rotational=true,min-bytes=1001/u],
    [
      { protocol: BlockDevice_Protocol.ATA },
      /2 disks match protocol=ata, expected exactly one\. Disks: sda .*sdb [^;]*;[^;]*$/u,
    ],
    [{ rotational: false }, /3 disks match rotational=false/u],
    [{ wwn: Uint8Array.of(0x51) }, /no disk matches wwn=51/u],
  ])("is never guessed: case %#", (selector, expected) => {
    const given = selector === undefined ? undefined : create(DiskSelectorSchema, selector);
    expect(() => selectDisk(disks, given)).toThrow(expected);
  });

  test("no disks at all are said to be none, very many are counted", () => {
    const selector = create(DiskSelectorSchema, { name: "x" });
    expect(() => selectDisk([], selector)).toThrow(/there is no disk/u);
    const many = Array.from({ length: 100 }, (_, index) => ({
      device: create(BlockDeviceSchema, { name: `sd${index}` }),
    }));
    expect(() => selectDisk(many, selector)).toThrow(/and 68 more/u);
  });
});

describe("USB storage is no installation's target unless it is named", () => {
  const stick = create(BlockDeviceSchema, {
    ...{ name: "sdu", serialNumber: "U1", capacityBytes: 3000n, protocol: BlockDevice_Protocol.SCSI },
    ...{ transport: "usb", byPath: ["pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0"] },
  });
  const both = [...disks.slice(0, 1), { device: stick }];
  const select = (selector: Selector): string => selectDisk(both, create(DiskSelectorSchema, selector)).device.name;

  test("a kind of disks does not mean it", () => {
    expect(select({ minBytes: 1n })).toBe("sda");
    expect(() => select({ protocol: BlockDevice_Protocol.SCSI })).toThrow(
      /no disk matches protocol=scsi but USB storage, which is left out unless it is named\. Disks: sda/u,
    );
  });

  test.each<[Selector]>([
    [{ serialNumber: "U1" }],
    [{ name: "sdu" }],
    [{ byPath: "pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0", minBytes: 1n }],
  ])("what names it selects it, case %#", (selector) => {
    expect(select(selector)).toBe("sdu");
  });
});
