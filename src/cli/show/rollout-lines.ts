import {
  type Rollout,
  type RolloutCounts,
  type RolloutMachine,
  RolloutMachineState,
  type RolloutShowResponse,
} from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { rolloutMachineStateWords, rolloutStateWords } from "../../contract/words/rollout.ts";
import { wordOf } from "../../contract/words/table.ts";
import { bytesText } from "../../lib/format/bytes.ts";
import { durationText } from "../../lib/format/duration.ts";
import { when } from "./describe.ts";

/** The word for a rollout's state; a later control plane may have more. */
export function rolloutStateWord({ state }: Pick<Rollout, "state">): string {
  return wordOf(rolloutStateWords, state) ?? `state ${String(state)}`;
}

/** The word for a machine's state in a rollout. */
export function rolloutMachineStateWord(state: RolloutMachine["state"]): string {
  return wordOf(rolloutMachineStateWords, state) ?? `state ${String(state)}`;
}

/** Such as "190 good, 7 failed, 3 left out of 200". */
export function rolloutCountsWords(counts: RolloutCounts | undefined): string {
  if (counts === undefined) {
    return "";
  }
  const { waiting, requested, good, failed, leftOut, cancelled, refused } = counts;
  const planned = counts.planned - refused;
  const parts = Object.entries({
    planned,
    refused,
    waiting,
    running: requested,
    good,
    failed,
    "left out": leftOut,
    cancelled,
  })
    .filter(([, number]) => number > 0)
    .map(([word, number]) => `${number} ${word}`);
  return `${parts.join(", ")}${parts.length === 1 ? "" : ` of ${counts.machines}`}`;
}

/** The rollout's line for people after a command. */
export function rolloutLine(rollout: Rollout): string {
  return `${rollout.name} ${rolloutStateWord(rollout)}: ${rolloutCountsWords(rollout.counts)}\n`;
}

/** A rollout's lines for people. */
export function rolloutLines({ rollout, waves, causes, events }: RolloutShowResponse, now: Date): string {
  const lines: string[] = [];
  const line = (title: string, value: string): void => {
    if (value !== "") {
      lines.push(`${title.padEnd(16)}${value}\n`);
    }
  };
  if (rollout === undefined) {
    return "";
  }
  const { window: hours, stopAfter, stopAfterPercent, expectedSeconds } = rollout;
  line("rollout", rollout.name);
  line("profile", rollout.profile);
  line("state", `${rolloutStateWord(rollout)}, ${when(rollout.stateSince, now)}`);
  line("machines", rolloutCountsWords(rollout.counts));
  line("at a time", String(rollout.parallel));
  line(
    "stops after",
    stopAfter > 0 ? `${stopAfter} failures` : stopAfterPercent > 0 ? `${stopAfterPercent} % failures` : "",
  );
  line("window", hours === undefined ? "" : `${hours.from}-${hours.to} ${hours.timeZone}`);
  line("one takes", expectedSeconds === 0 ? "" : `about ${durationText(expectedSeconds * 1000)}`);
  line("created", `${when(rollout.createdAt, now)} by ${rollout.createdBy}`);
  for (const wave of waves) {
    const takes = wave.expectedSeconds === 0 ? "" : `; about ${durationText(wave.expectedSeconds * 1000)}`;
    line(`wave ${wave.wave}`, `${rolloutCountsWords(wave.counts)}${takes}`);
  }
  for (const cause of causes) {
    const word = rolloutMachineStateWord(cause.state).replace("-", " ");
    const machine = cause.machineName === "" ? cause.machineId : cause.machineName;
    line(word, `${cause.machines} by ${cause.cause}, such as ${machine}: ${cut(cause.error)}`);
  }
  for (const { at, event, actor, detail } of events.slice(0, 10)) {
    line("event", `${when(at, now)} ${event.replace("_", " ")} by ${actor}${detail === "" ? "" : `: ${detail}`}`);
  }
  line("note", rollout.note);
  return lines.join("");
}

/** The columns of a rollout's machines. */
export const rolloutMachineColumns = ["MACHINE", "WAVE", "STATE", "DISK", "OVERWRITES", "GENERATION", "WHY"] as const;

/** A machine of a rollout as a row of a table. */
export function rolloutMachineRow(machine: RolloutMachine): string[] {
  const { name, disk, diskBytes, overwrites, generation } = machine;
  const ended = machine.error === "" ? "" : `${machine.cause}: ${machine.error}`;
  const isRefused = machine.state === RolloutMachineState.PLANNED && machine.refused !== "";
  const starts = awaited.has(machine.state) && machine.start.startsWith("nothing") ? machine.start : "";
  return [
    name === "" ? machine.machineId : name,
    String(machine.wave),
    isRefused ? "refused" : rolloutMachineStateWord(machine.state),
    disk === "" ? "" : `${disk} ${bytesText(diskBytes)}`,
    overwrites === 0n ? "" : `generation ${overwrites}`,
    generation === 0n ? "" : String(generation),
    [ended === "" ? machine.refused : ended, machine.changed, machine.doubt, starts]
      .filter((text) => text !== "")
      .join("; "),
  ];
}

/** The states in which an agent is needed still. */
const awaited: ReadonlySet<RolloutMachineState> = new Set([
  RolloutMachineState.PLANNED,
  RolloutMachineState.WAITING,
  RolloutMachineState.REQUESTED,
]);

/** Characters of an example's reason; `--json` has all of it. */
const reasonMost = 160;

function cut(text: string): string {
  return text.length <= reasonMost ? text : `${text.slice(0, reasonMost - 1).trimEnd()}…`;
}
