import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
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
import { installationStateWords, machineStateWords } from "./states.ts";
import { formatTime } from "./time.ts";

const phases: ReadonlyMap<Phase, string> = new Map([
  [Phase.SELECTING_DISK, "selecting the disk"],
  [Phase.WRITING, "writing"],
  [Phase.VERIFYING, "verifying"],
  [Phase.CONFIGURING, "configuring"],
  [Phase.BOOT_ENTRY, "making the boot entry"],
  [Phase.REBOOTING, "rebooting"],
]);

/** The word for a state; a later control plane may have further ones. */
export function stateWord(state: InstallationState): string {
  return installationStateWords.get(state) ?? `state ${String(state)}`;
}

/** The word for a machine's state; a later control plane may have further ones. */
export function machineStateWord(state: MachineState): string {
  return machineStateWords.get(state) ?? `state ${String(state)}`;
}

/** What is to be said beside the state: that it has lasted for longer than it should. */
export function standingWord({ deadline }: Standing, now: Date): string {
  return deadline !== undefined && timestampDate(deadline) < now ? " (overdue)" : "";
}

/** Labels as the command line takes them. */
export function labelWords(labels: Readonly<Record<string, string>>, between: string): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(between);
}

/** The words for a phase; a later control plane may have further ones. */
export function phaseWord(phase: Phase): string {
  return phases.get(phase) ?? `phase ${String(phase)}`;
}

/** A time, if there is one, as ISO 8601 and its age; otherwise "-". */
export function when(timestamp: Timestamp | undefined, now: Date): string {
  return timestamp === undefined ? "-" : formatTime(timestampDate(timestamp), now);
}

/** A time, if there is one, as ISO 8601 to the second; otherwise "-". */
export function shortTime(timestamp: Timestamp | undefined): string {
  return timestamp === undefined ? "-" : `${timestampDate(timestamp).toISOString().slice(0, 19)}Z`;
}

/** How far an installation is, such as "writing 1.20 GB of 2.40 GB (50 %)". */
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
  return `${words} ${bytesText(bytesDone)}${share}`;
}

/** How far an installation is in a few characters, such as "writing 50 %". */
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
  [BootWindowState.EXPIRED, "over, and nobody came"],
]);

/** How a boot window stands. */
export function bootWindowWords({ state, openedBy, closesAt }: BootWindow): string {
  const until = closesAt === undefined ? "" : `, until ${timestampDate(closesAt).toISOString().slice(0, 19)}Z`;
  return `${windowStates.get(state) ?? `state ${String(state)}`}${until}, opened by ${openedBy}`;
}

/** What a machine is called in messages: its name, or else its id. */
export function machineTitle(machine: Pick<Machine, "id" | "name">): string {
  return machine.name === "" ? machine.id : machine.name;
}
