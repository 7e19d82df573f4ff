import { HardwareShowResponseSchema } from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { printable } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";
import { healthLines } from "../show/health-lines.ts";
import { hardwareLines } from "../show/hardware-lines.ts";
import { hardwareTables } from "../show/hardware-tables.ts";

/** Flags of `farrier hardware show`. */
export interface HardwareShowFlags extends ClientFlags, WatchFlags {
  number: bigint | undefined;
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
          ...(message.health === undefined ? [] : [healthText(healthLines(message.health, now))]),
          ...(report === undefined || report.warning.length === 0 ? [] : [warningLines(report.warning)]),
        ].join("\n"),
    });
  });
}

/** The machine's health, as its controller told it. */
function healthText(lines: ReturnType<typeof healthLines>): string {
  return lines.map(([title, value]) => `${title.padEnd(16)}${printable(value)}\n`).join("");
}

/** The report's warnings: what the agent could not read. */
function warningLines(warnings: readonly string[]): string {
  return warnings.map((warning) => `warning: ${printable(warning)}\n`).join("");
}
