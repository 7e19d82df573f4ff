import { describe, expect, test } from "vitest";
import { BlockDevice_Protocol } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { gptImage, gptImageMissing } from "../../../test/support/gpt-image.ts";
import { hostProgram, installRig, loopDevices } from "../../../test/support/install-rig.ts";
import { ownBootEntries } from "../install/fit/boot-entries.ts";
import { readsZerosAfterDiscard } from "./wipe.ts";

const mebibyte = 1 << 20;

test.for([false, true])("nothing tells any more of what was on a disk (a block device: %s)", async (loop, context) => {
  context.skip((await gptImageMissing()).length > 0, "sgdisk or mke2fs are not installed: apt install gdisk e2fsprogs");
  context.skip(loop && !(await loopDevices()), "loop devices can't be made here: it takes root");
  await using rig = await installRig({ diskBytes: 64 * mebibyte, loop });
  const old = await gptImage(rig.folder);
  rig.serveBytes(old);
  expect(await rig.install()).toEqual({ kind: "success" });
  // Both copies of the table, the second at the disk's very end, where the next image does not reach.
  expect((await hostProgram("wipefs", rig.disk)).match(/gpt/gu)).toHaveLength(2);
  rig.serveBytes(Buffer.alloc(5 * mebibyte, "no file system"));
  expect(await rig.install()).toEqual({ kind: "success" });
  expect(await hostProgram("wipefs", rig.disk)).toBe("");
});

describe("zeros after a discard", () => {
  test.each([
    [BlockDevice_Protocol.NVME, true],
    [BlockDevice_Protocol.UNKNOWN, true],
    [BlockDevice_Protocol.ATA, false],
    [BlockDevice_Protocol.SCSI, false],
    [BlockDevice_Protocol.MMC, false],
  ])("of protocol %i may be relied on: %s", (protocol, expected) => {
    expect(readsZerosAfterDiscard(protocol)).toBe(expected);
  });
});

test("of the firmware's boot entries, ours are known by their names alone", () => {
  const printed = [
    "BootCurrent: 0001",
    "BootOrder: 0003,0001,0000",
    "Boot0000* UiApp",
    "Boot0001* Farrier OS",
    "Boot0002  Farrier OS\tHD(15,GPT,852fbe46-4ab4-4892-867e-75d8c14cc798,0x800,0x32000)/File(\\EFI\\BOOT\\BOOTX64.EFI)",
    "Boot00AF* Farrier OS\tHD(1,GPT,852fbe46)",
    "Boot0003* Farrier OS of somebody else",
    "Boot0004* UEFI Farrier OS",
  ].join("\n");
  expect(ownBootEntries(printed)).toEqual(["0001", "0002", "00AF"]);
});
