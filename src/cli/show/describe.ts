import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import {
  BootWindowState,
  type BootWindow,
  type Installation,
  type InstallationState,
  type Machine,
  type MachineState,
  type Standing,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { bytesText } from "../../lib/format/bytes.ts";
import { durationText } from "../../lib/format/duration.ts";
import { installationStateWords } from "../../contract/words/installation-state.ts";
import { machineStateWords } from "../../contract/words/machine-state.ts";
import { phaseWords } from "../../contract/words/phase.ts";
import { wordOf } from "../../contract/words/table.ts";
import { formatTime } from "./time.ts";

/** The word for an installation's state; a later control plane may have more. */
export function stateWord(state: InstallationState): string {
  return wordOf(installationStateWords, state) ?? `state ${String(state)}`;
}

/** The word for a machine's state; a later control plane may have more. */
export function machineStateWord(state: MachineState): string {
  return wordOf(machineStateWords, state) ?? `state ${String(state)}`;
}

/** What is shown beside the state: that it has lasted longer than its deadline. */
export function standingWord({ deadline }: Standing, now: Date): string {
  return deadline !== undefined && timestampDate(deadline) < now ? " (overdue)" : "";
}

/** Labels as the command line takes them. */
export function labelWords(labels: Readonly<Record<string, string>>, between: string): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(between);
}

/** The words for a phase; a later control plane may have more. */
export function phaseWord(phase: Phase): string {
  return wordOf(phaseWords, phase) ?? `phase ${String(phase)}`;
}

/** A time as ISO 8601 with its age; "-" if there is none. */
export function when(timestamp: Timestamp | undefined, now: Date): string {
  return timestamp === undefined ? "-" : formatTime(timestampDate(timestamp), now);
}

/** A time as ISO 8601 to the second; "-" if there is none. */
export function shortTime(timestamp: Timestamp | undefined): string {
  return timestamp === undefined ? "-" : `${timestampDate(timestamp).toISOString().slice(0, 19)}Z`;
}

/** Progress of an installation, such as "writing 1.20 GB of 2.40 GB (50 %)". */
export function progressWords(installation: Installation): string {
  const { progress } = installation;
  if (progress === undefined) {
    return "waiting for the agent";
  }
  const words = phaseWord(progress.phase);
  if (progress.bytesDone === 0n) {
    return words;
  }
  const { bytesDone, bytesTotal } = progress;
  const share = bytesTotal === 0n ? "" : ` of ${bytesText(bytesTotal)} (${String((bytesDone * 100n) / bytesTotal)} %)`;
  const rate = progress.bytesPerSecond >= 1 ? `, ${bytesText(progress.bytesPerSecond)}/s` : "";
  const { expectedAt, updatedAt } = progress;
  const left =
    expectedAt === undefined || updatedAt === undefined
      ? ""
      : `, ${durationText(timestampDate(expectedAt).getTime() - timestampDate(updatedAt).getTime(), 1)} left`;
  return `${words} ${bytesText(bytesDone)}${share}${rate}${left}`;
}

/** Progress of an installation in a few characters, such as "writing 50 %". */
export function progressShort({ progress }: Installation): string {
  if (progress === undefined) {
    return "pending";
  }
  const { phase, bytesDone, bytesTotal } = progress;
  return `${phaseWord(phase)}${bytesTotal === 0n || bytesDone === 0n ? "" : ` ${(bytesDone * 100n) / bytesTotal} %`}`;
}

const windowStates: ReadonlyMap<BootWindowState, string> = new Map([
  [BootWindowState.OPEN, "open"],
  [BootWindowState.GIVEN, "open, its token given out"],
  [BootWindowState.ENROLLED, "an agent was enrolled"],
  [BootWindowState.CLOSED, "closed"],
  [BootWindowState.EXPIRED, "expired without a boot"],
]);

/** The state of a boot window. */
export function bootWindowWords({ state, openedBy, closesAt }: BootWindow): string {
  const until = closesAt === undefined ? "" : `, until ${timestampDate(closesAt).toISOString().slice(0, 19)}Z`;
  return `${windowStates.get(state) ?? `state ${String(state)}`}${until}, opened by ${openedBy}`;
}

/** A machine's title in messages: its name, or its id if it has no name. */
export function machineTitle(machine: Pick<Machine, "id" | "name">): string {
  return machine.name === "" ? machine.id : machine.name;
}
