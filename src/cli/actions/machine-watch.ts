import { toJsonString } from "@bufbuild/protobuf";
import { MachineWatchResponseSchema, type MachineChange } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { systemClock } from "../../lib/clock.ts";
import { printable } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import { streamOn } from "../call/stream-on.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { MachineFilterFlags } from "../flags/machine-filter.ts";
import { isAnyMachine, machineFilterOf } from "../line/machine-filter.ts";
import { written } from "../call/written.ts";
import { outputFormat } from "../show/answer.ts";
import { machineStateWord, machineTitle, progressWords, stateWord } from "../show/describe.ts";

/** Flags of `farrier machine watch`. */
export interface MachineWatchFlags extends ClientFlags, MachineFilterFlags {
  cursor: string | undefined;
}

/** `farrier machine watch`. It ends only when it is interrupted or refused. */
export async function machineWatchAction(this: CliContext, flags: MachineWatchFlags): Promise<void> {
  const format = outputFormat(flags);
  if (format === "yaml") {
    throw new CliError("usage", "--output yaml: a watch prints one line per change; expected json, name or wide");
  }
  const filter = machineFilterOf(flags);
  const query = isAnyMachine(filter) ? {} : { filter };
  const { machines } = await operatorClient(flags, this.process.env);
  const { stdout, stderr } = this.process;
  let cursor = flags.cursor ?? "";
  const follow = async (heard: () => void): Promise<void> => {
    // A watch has no end of its own. If the stream ends anyway, it is resumed from the last cursor whose changes are
    // written out, and nothing is lost.
    for await (const response of machines.machineWatch({ ...query, cursor }, { timeoutMs: 0 })) {
      heard();
      const lines =
        format === "json"
          ? [toJsonString(MachineWatchResponseSchema, response)]
          : response.changes.map((change) => printable(changeWords(change, format === "name")));
      if (lines.length > 0) {
        await written(stdout, `${lines.join("\n")}\n`);
      }
      ({ cursor } = response);
    }
  };
  await streamOn(follow, systemClock, (text) => stderr.write(`${text}\n`));
}

function changeWords({ change }: MachineChange, nameOnly: boolean): string {
  if (change.case !== "machine") {
    const id = change.value ?? "";
    return nameOnly ? id : `${id} deleted`;
  }
  const machine = change.value;
  const title = machineTitle(machine);
  const { standing, installation } = machine;
  if (nameOnly) {
    return title;
  }
  const state = standing === undefined ? "-" : machineStateWord(standing.state);
  const request =
    installation === undefined
      ? ""
      : `, generation ${installation.generation} ${installation.progress === undefined || installation.finishedAt !== undefined ? stateWord(installation.state) : progressWords(installation)}`;
  return `${new Date().toISOString().slice(0, 19)}Z ${title} ${state}${request}`;
}
