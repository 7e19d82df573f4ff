import { HardwareListResponseSchema, type HardwareSummary } from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { bytesText, memoryText } from "../../lib/format/bytes.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { shortTime, when } from "../show/describe.ts";
import { isNarrow } from "../show/print.ts";

/** Flags of `farrier hardware list`. */
export type HardwareListFlags = ClientFlags & WatchFlags;

const header = [
  "NUMBER",
  { title: "AT", whole: true },
  "MANUFACTURER",
  "PRODUCT",
  "SERIAL",
  "CORES",
  "THREADS",
  "MEMORY",
  "DISKS",
  "CAPACITY",
  "INTERFACES",
];

const narrowHeader = [
  "NUMBER",
  { title: "AT", whole: true },
  { title: "PRODUCT", spare: true },
  "SERIAL",
  "CORES",
  "MEMORY",
  "DISKS",
  "CAPACITY",
];

function narrowCells(report: HardwareSummary): string[] {
  const { number, reportedAt, unreadable, product, serialNumber, cpuCores, memoryBytes, disks, diskBytes } = report;
  const which = [String(number), shortTime(reportedAt)];
  return unreadable
    ? [...which, "unreadable"]
    : [
        ...[...which, product || "-", serialNumber || "-", String(cpuCores)],
        ...[memoryText(memoryBytes), String(disks), bytesText(diskBytes)],
      ];
}

function cells(report: HardwareSummary, now: Date): string[] {
  return report.unreadable
    ? [String(report.number), when(report.reportedAt, now), "unreadable"]
    : [
        String(report.number),
        when(report.reportedAt, now),
        ...[report.manufacturer, report.product, report.serialNumber].map((text) => text || "-"),
        String(report.cpuCores),
        String(report.cpuThreads),
        memoryText(report.memoryBytes),
        String(report.disks),
        bytesText(report.diskBytes),
        String(report.networkInterfaces),
      ];
}

/** `farrier hardware list` */
export async function hardwareListAction(this: CliContext, flags: HardwareListFlags, machine: string): Promise<void> {
  const { hardware } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await hardware.hardwareList({ machine });
    const { reports } = message;
    return answerOf({
      schema: HardwareListResponseSchema,
      message,
      names: () => reports.map(({ number }) => String(number)),
      text: ({ table, now, width }) =>
        reports.length === 0
          ? ""
          : isNarrow(width)
            ? table(narrowHeader, reports.map(narrowCells))
            : table(
                header,
                reports.map((report) => cells(report, now)),
              ),
      note: reports.length === 0 ? "no agent has reported this machine's hardware yet" : undefined,
    });
  });
}
