import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BlockDevice_Protocol, EFISupport, type NodeSchema } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { hardwareDiff } from "./hardware-diff.ts";

const report = (node: MessageInitShape<typeof NodeSchema>, warning: string[] = []) =>
  create(AgentHardwareReportSchema, { report: node as never, warning });

const disk = { serialNumber: "S1", deviceModel: "Fast", vendor: "Acme", capacityBytes: 512_000_000_000n };
const mac = Uint8Array.from([2, 0, 0, 0, 0, 1]);

test.each<[string, Parameters<typeof report>, Parameters<typeof report>, string[]]>([
  ["nothing", [{ blockDevice: [disk] }], [{ blockDevice: [disk] }], []],
  [
    "nothing, in another order",
    [{ blockDevice: [disk, { serialNumber: "S2" }] }],
    [{ blockDevice: [{ serialNumber: "S2" }, disk] }],
    [],
  ],
  ["a disk that came", [{}], [{ blockDevice: [disk] }], ["disk S1 is new (Acme Fast 512.0 GB (512000000000))"]],
  ["a disk that went", [{ blockDevice: [disk] }], [{}], ["disk S1 is gone (Acme Fast 512.0 GB (512000000000))"]],
  [
    "a disk that changed",
    [{ blockDevice: [disk] }],
    [
      {
        blockDevice: [
          { ...disk, capacityBytes: 1_000_000_000_000n, criticalWarning: true, protocol: BlockDevice_Protocol.NVME },
        ],
      },
    ],
    [
      "disk S1: capacity bytes was 512.0 GB (512000000000), is 1.0 TB (1000000000000)",
      "disk S1: critical warning was no, is yes",
      "disk S1: protocol was not given, is NVMe",
    ],
  ],
  [
    "the second of two disks without a name",
    [{ blockDevice: [{ deviceModel: "X" }, { deviceModel: "X" }] }],
    [{ blockDevice: [{ deviceModel: "X" }] }],
    ["disk X (2) is gone (X 0 B)"],
  ],
  [
    "memory",
    [{ memoryInstalledBytes: 1_000n }],
    [{ memoryInstalledBytes: 2_000n }],
    ["machine: memory installed bytes was 1.0 kB (1000), is 2.0 kB (2000)"],
  ],
  [
    "firmware and identity",
    [{ efiSupport: EFISupport.EFI_SUPPORT_SUPPORTED, product: "A" }],
    [{ efiSupport: EFISupport.EFI_SUPPORT_ENABLED }],
    ["machine: product was A, is not given", "machine: efi support was supported, is enabled"],
  ],
  [
    "a link",
    [{ networkInterface: [{ mac, name: "eth0", linkUp: true }] }],
    [{ networkInterface: [{ mac, name: "eth0", linkUp: false }] }],
    ["network interface 02:00:00:00:00:01: link up was yes, is no"],
  ],
  [
    "a processor",
    [{ cpu: [{ model: "Slow", cores: 4, architecture: { case: "x8664", value: { family: 6, model: 1 } } }] }],
    [
      {
        cpu: [
          { model: "Slow", cores: 8, architecture: { case: "x8664", value: { family: 6, model: 2 } } },
          { model: "Other", cores: 1 },
        ],
      },
    ],
    [
      "processor 1: cores was 4, is 8",
      "processor 1: architecture was family 6, model 1, stepping 0, is family 6, model 2, stepping 0",
      "processor 2 is new (Other, 1 cores)",
    ],
  ],
  [
    "warnings",
    [{}, ["dmi unreadable"]],
    [{}, ["no EFI"]],
    ["the agent no longer warns: dmi unreadable", "the agent warns: no EFI"],
  ],
])("%s", (_what, before, after, texts) => {
  expect(hardwareDiff(report(...before), report(...after)).map(({ text }) => text)).toEqual(texts);
});

test("reports that say nothing have no differences", () => {
  const empty = create(AgentHardwareReportSchema);
  expect(hardwareDiff(empty, empty)).toEqual([]);
});
