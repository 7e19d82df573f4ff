import {
  HardwareDiffResponseSchema,
  HardwareListResponseSchema,
  HardwareShowResponseSchema,
  type HardwareSummary,
} from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { answer, answerOf, answerWatched } from "../show/answer.ts";
import { operatorClient } from "../call/client.ts";
import type { HardwareDiffFlags, HardwareShowFlags } from "../commands/hardware.ts";
import type { CliContext } from "../context.ts";
import { shortTime, when } from "../show/describe.ts";
import type { ClientFlags, WatchFlags } from "../line/flags.ts";
import { hardwareLines } from "../show/hardware-lines.ts";
import { hardwareTables } from "../show/hardware-tables.ts";
import { isNarrow } from "../show/print.ts";
import { bytesText, memoryText } from "../../lib/format/bytes.ts";
import { printable } from "../../lib/format/printable.ts";

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
export async function hardwareListAction(
  this: CliContext,
  flags: ClientFlags & WatchFlags,
  machine: string,
): Promise<void> {
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

/** `farrier hardware show` */
export async function hardwareShowAction(this: CliContext, flags: HardwareShowFlags, machine: string): Promise<void> {
  const { hardware } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await hardware.hardwareShow({ machine, number: flags.number ?? 0n });
    const { summary, report } = message;
    return answerOf({
      schema: HardwareShowResponseSchema,
      message,
      names: () => [String(summary?.number ?? "")],
      text: ({ table, now, wide }) =>
        [
          `report ${summary?.number ?? "-"} of ${message.machineId}, ${when(summary?.reportedAt, now)}\n` +
            (report?.report === undefined ? "the report is empty\n" : hardwareLines(report.report)),
          ...(report?.report === undefined ? [] : hardwareTables(report.report, message.disks, wide)).map(
            ({ header: titles, rows }) => table(titles, rows),
          ),
          ...(report === undefined || report.warning.length === 0 ? [] : [warningLines(report.warning)]),
        ].join("\n"),
    });
  });
}

/** The report's warnings: what the agent could not read. */
function warningLines(warnings: readonly string[]): string {
  return warnings.map((warning) => `warning: ${printable(warning)}\n`).join("");
}

/** `farrier hardware diff` */
export async function hardwareDiffAction(this: CliContext, flags: HardwareDiffFlags, machine: string): Promise<void> {
  const { hardware } = await operatorClient(flags, this.process.env);
  const message = await hardware.hardwareDiff({ machine, from: flags.from ?? 0n, to: flags.to ?? 0n });
  answer(this, flags, {
    schema: HardwareDiffResponseSchema,
    message,
    names: () => [...new Set(message.changes.map(({ part }) => part))],
    text: () => message.changes.map(({ text }) => `${printable(text)}\n`).join(""),
    note: message.changes.length === 0 ? `nothing changed from report ${message.from} to ${message.to}` : undefined,
  });
}
