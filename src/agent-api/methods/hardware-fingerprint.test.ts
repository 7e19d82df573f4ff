import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { hardwareFingerprint } from "./hardware-fingerprint.ts";

type Report = MessageInitShape<typeof AgentHardwareReportSchema>;

function fingerprint(init: Report, unknown: number[] = []): string {
  const bytes = toBinary(AgentHardwareReportSchema, create(AgentHardwareReportSchema, init));
  return hardwareFingerprint(
    fromBinary(AgentHardwareReportSchema, Buffer.concat([bytes, Buffer.from(unknown)])),
  ).toString("hex");
}

const disk = { serialNumber: "s", availableSpareRatio: 0.5, usageRatio: 0.1, capacityBytes: 10n };
const nic = { driver: "e1000", linkUp: true, currentSpeedBytes: 5n };
const base = {
  report: {
    manufacturer: "m",
    memoryUsableRatio: 0.9,
    blockDevice: [disk],
    networkInterface: [nic],
    pciDevice: [{ address: "0000:3b:00.0", linkWidth: 16, linkSpeed: "16.0 GT/s PCIe" }],
    numaNode: [{ number: 0, cpus: "0-7", memoryBytes: 9n }],
  },
} satisfies Report;

test("what changes by itself does not change the fingerprint", () => {
  const same: Report[] = [
    base,
    { report: { ...base.report, memoryUsableRatio: 0.5 } },
    { report: { ...base.report, blockDevice: [{ serialNumber: "s", capacityBytes: 10n }] } },
    { report: { ...base.report, blockDevice: [{ ...disk, usageRatio: 0.2, availableSpareRatio: 0.4 }] } },
    { report: { ...base.report, networkInterface: [{ ...nic, linkUp: false, currentSpeedBytes: 0n }] } },
    { report: { ...base.report, networkInterface: [{ ...nic, duplex: "half" }] } },
    {
      report: {
        ...base.report,
        blockDevice: [
          {
            ...disk,
            temperatureCelsius: 44,
            powerOnHours: 1n,
            powerCycles: 2n,
            unsafeShutdowns: 3n,
            writtenBytes: 4n,
          },
        ],
      },
    },
    {
      report: {
        ...base.report,
        pciDevice: [{ address: "0000:3b:00.0", linkWidth: 16, linkSpeed: "2.5 GT/s PCIe" }],
        numaNode: [{ number: 0, cpus: "0-7", memoryBytes: 8n }],
      },
    },
  ];
  expect(new Set(same.map((report) => fingerprint(report))).size).toBe(1);
});

test("what is exchanged or damaged does", () => {
  const different = [
    fingerprint(base),
    fingerprint({}),
    fingerprint({ report: {} }),
    fingerprint({ ...base, warning: ["w"] }),
    fingerprint({ report: { ...base.report, manufacturer: "n" } }),
    fingerprint({ report: { ...base.report, blockDevice: [{ ...disk, serialNumber: "t" }] } }),
    fingerprint({ report: { ...base.report, blockDevice: [{ ...disk, criticalWarning: true }] } }),
    fingerprint({ report: { ...base.report, networkInterface: [nic, nic] } }),
    fingerprint({ report: { ...base.report, blockDevice: [{ ...disk, mediaErrors: 1n }] } }),
    fingerprint({ report: { ...base.report, pciDevice: [{ address: "0000:3b:00.0", linkWidth: 8 }] } }),
    fingerprint({ report: { ...base.report, numaNode: [] } }),
    fingerprint({ report: { ...base.report, memoryDevice: [{ locator: "A1", sizeBytes: 1n }] } }),
    fingerprint({ report: { ...base.report, firmware: { version: "1.2" } } }),
    // A field that this server does not know, field 900: 1.
    fingerprint(base, [0xa0, 0x38, 0x01]),
  ];
  expect(new Set(different).size).toBe(different.length);
});
