import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { BlockDevice_Protocol, type BlockDeviceSchema } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { ImageInstallationSchema } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { generation } from "../database/ids.ts";
import { installationForesee } from "./installation-plan.ts";

type Device = MessageInitShape<typeof BlockDeviceSchema>;
const at = new Date("2026-05-01T12:00:00Z");

const hardware = (...blockDevice: Device[]) => ({
  hardware: {
    raw: toBinary(AgentHardwareReportSchema, create(AgentHardwareReportSchema, { report: { blockDevice } })),
    at,
  },
});

const image = (rootDisk: MessageInitShape<typeof ImageInstallationSchema>["rootDisk"], sizeBytes = 0n) =>
  create(ImageInstallationSchema, { ...(rootDisk === undefined ? {} : { rootDisk }), sizeBytes });

const sda: Device = { name: "sda", serialNumber: "S1", capacityBytes: 1000n, deviceModel: "Fast", vendor: "Acme" };
const sdb: Device = { name: "sdb", serialNumber: "S1", wwn: Uint8Array.of(0x50, 1), capacityBytes: 2000n };
const nvme: Device = { name: "nvme0n1", capacityBytes: 3000n, protocol: BlockDevice_Protocol.NVME };

test("the one disk, what is on it, and how to name it for good", () => {
  const installed = { generation: generation(4n), digest: "sha256:00", at };
  const foreseen = installationForesee(image({ name: "sdb" }, 2000n), { ...hardware(sda, sdb, nvme), installed });
  expect(foreseen).toMatchObject({
    kind: "plan",
    plan: {
      // Its serial number is another's too.
      disk: { name: "sdb", capacityBytes: 2000n, selector: "wwn=5001" },
      overwrites: { generation: 4n, digest: "sha256:00" },
      imageSizeBytes: 2000n,
    },
  });
  expect(installationForesee(image({ protocol: BlockDevice_Protocol.NVME }), hardware(sda, nvme))).toMatchObject({
    kind: "plan",
    plan: { disk: { selector: "name=nvme0n1" } },
  });
});

describe("refused:", () => {
  test.each([
    [
      "no such disk",
      image({ serialNumber: "S9" }),
      hardware(sda, nvme),
      /^image\.root_disk: no disk matches serial=S9\. Disks: sda \(1000 bytes; serial=S1 or name=sda\); nvme0n1 \(3000 bytes; name=nvme0n1\)$/u,
    ],
    ["two disks", image({ serialNumber: "S1" }), hardware(sda, sdb), /2 disks match serial=S1.*wwn=5001 or name=sdb/u],
    ["a machine without disks", image({ serialNumber: "S1" }), hardware(), /there is no disk that may be written/u],
    ["too small a disk", image({ name: "sda" }, 1001n), hardware(sda), /^image\.size_bytes: .* 1001 bytes, .* 1000/u],
  ])("%s", (_what, asked, facts, reason) => {
    expect(installationForesee(asked, facts)).toEqual({
      kind: "refused",
      reason: expect.stringMatching(reason) as string,
    });
  });
});

describe("left to the agent:", () => {
  test.each([
    ["no report", {}, /no agent has reported/u],
    ["C4: a report without hardware", { hardware: { raw: new Uint8Array(), at } }, /is empty: only the agent checks/u],
    [
      "C4: a report of warnings alone",
      { hardware: { raw: Uint8Array.of(0x12, 1, 0x78), at } },
      /is empty: only the agent checks/u,
    ],
    ["a report that can't be read", { hardware: { raw: Uint8Array.of(0x0a, 0xff), at } }, /can't be read/u],
    ["disks without names", hardware({ serialNumber: "S1", capacityBytes: 1n }), /no names of disks/u],
  ])("%s", (_what, facts, warning) => {
    expect(installationForesee(image({ name: "sda" }), facts)).toEqual({
      kind: "unknown",
      warning: expect.stringMatching(warning) as string,
    });
  });

  test("but not where names do not matter", () => {
    const facts = hardware({ serialNumber: "S1", capacityBytes: 1n });
    expect(installationForesee(image({ serialNumber: "S1" }), facts).kind).toBe("plan");
  });
});
