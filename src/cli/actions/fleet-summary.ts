import { FleetSummaryResponseSchema, type FleetSummaryResponse } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { bytesText, memoryText } from "../../lib/format/bytes.ts";
import { fleetNeedWords } from "../../contract/words/fleet-need.ts";
import { wordOf } from "../../contract/words/table.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched, type View } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier fleet summary`. */
export interface FleetSummaryFlags extends ClientFlags, WatchFlags {
  hardware: boolean | undefined;
}

/** `farrier fleet summary` */
export async function fleetSummaryAction(this: CliContext, flags: FleetSummaryFlags): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await fleet.fleetSummary({ hardwareGroups: flags.hardware ?? false });
    const text = ({ table, now }: View): string => table(["WHAT", "STATE", "COUNT"], summaryRows(message, now));
    return answerOf({ schema: FleetSummaryResponseSchema, message, names: () => Object.keys(message.states), text });
  });
}

function summaryRows(summary: FleetSummaryResponse, now: Date): string[][] {
  const counts = (what: string, map: Readonly<Record<string, bigint>>): string[][] =>
    Object.entries(map)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) => [what, key.replaceAll("_", "-"), String(value)]);
  const { hardware } = summary;
  return [
    ["machines", "all", String(summary.machines)],
    ...counts("machines", summary.states),
    ...summary.needs.map(({ kind, count, oldest }) => [
      "needs somebody",
      wordOf(fleetNeedWords, kind) ?? `kind ${String(kind)}`,
      oldest === undefined ? String(count) : `${count} (since ${when(oldest, now)})`,
    ]),
    ["requests", "pending", String(summary.pending)],
    ...summary.eligible.map(({ process, provider, machines }) => [
      "eligible",
      `${process} ${provider}`,
      String(machines),
    ]),
    ...counts("sessions", summary.sessions),
    ...counts("work", summary.work),
    ...counts("backoffs", summary.backoffs),
    ...(hardware?.computedAt === undefined
      ? []
      : [
          ["hardware", "counted", when(hardware.computedAt, now)],
          ["hardware", "reports", String(hardware.reports)],
          ["hardware", "CPU cores", String(hardware.cpuCores)],
          ["hardware", "memory", memoryText(hardware.memoryBytes)],
          ["hardware", "disks", `${hardware.disks} (${bytesText(hardware.diskBytes)})`],
        ]),
    ...summary.hardwareGroups.map(({ provider, location, others, totals }) => [
      "hardware of",
      others ? "all others" : [provider || "no provider", location].filter((part) => part !== "").join(" "),
      totals === undefined
        ? "-"
        : `${totals.reports} machines, ${totals.cpuCores} cores, ${memoryText(totals.memoryBytes)}, ` +
          `${totals.disks} disks (${bytesText(totals.diskBytes)})`,
    ]),
  ];
}
