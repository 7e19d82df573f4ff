import { toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { LogLevel } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { MachineLogResponseSchema, type MachineLogLine } from "../../../gen/farrier/operator/v1/machine_log_pb.ts";
import { systemClock } from "../../lib/clock.ts";
import { printable } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import { patiently } from "../call/patience.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer, answerOf, outputFormat } from "../show/answer.ts";

/** Flags of `farrier machine log`. */
export interface MachineLogFlags extends ClientFlags {
  lines: number | undefined;
  follow: boolean | undefined;
}

/** Milliseconds between two polls for new lines. */
const interval = 1_000;

/** `farrier machine log`. With `--follow` it ends only when it is interrupted or refused. */
export async function machineLogAction(this: CliContext, flags: MachineLogFlags, machine: string): Promise<void> {
  const { machines } = await operatorClient(flags, this.process.env);
  const format = outputFormat(flags);
  const { stdout, stderr } = this.process;
  if (flags.follow === true && format === "yaml") {
    throw new CliError("usage", "--follow --output yaml: followed output is printed line by line; expected json");
  }
  const first = await machines.machineLog({ machine, lines: flags.lines ?? 0 });
  const { lines } = first;
  if (flags.follow !== true) {
    const schema = MachineLogResponseSchema;
    const note = lines.length === 0 ? "no agent of this machine has sent any log" : undefined;
    answer(
      this,
      flags,
      answerOf({
        schema,
        message: first,
        names: () => lines.map(({ text }) => text),
        text: () => logText(lines),
        note,
      }),
    );
    return;
  }
  let response = first;
  for (;;) {
    if (response.lines.length > 0) {
      stdout.write(
        format === "json" ? `${toJsonString(MachineLogResponseSchema, response)}\n` : logText(response.lines),
      );
    }
    await systemClock.sleep(interval);
    const { nextCursor: cursor } = response;
    response = await patiently(
      () => machines.machineLog({ machine, cursor }),
      systemClock,
      (text) => stderr.write(`${text}\n`),
    );
  }
}

const levels: Readonly<Record<number, string>> = {
  [LogLevel.DEBUG]: "debug",
  [LogLevel.INFO]: "info",
  [LogLevel.WARN]: "warn",
  [LogLevel.ERROR]: "error",
};

/** One line each: time, severity and message, with a note where lines are missing. */
export function logText(lines: readonly MachineLogLine[]): string {
  return lines
    .map((line) => {
      const at = line.at === undefined ? "-" : timestampDate(line.at).toISOString();
      const missing =
        line.droppedBefore === 0n ? "" : `… ${line.droppedBefore} lines are missing: the agent had no room for them\n`;
      return `${missing}${at} ${(levels[line.level] ?? "-").padEnd(5)} ${printable(line.text)}\n`;
    })
    .join("");
}
