import { windowAt } from "../../contract/rollout/window.ts";
import type { MachineId } from "../../database/ids.ts";
import { rolloutChangeTexts } from "../../database/queries/rollout/rollout-changed.ts";
import type { RolloutEnd } from "../../database/queries/rollout/rollout-act.ts";
import type { RolloutRecord, RolloutStopRule } from "../../database/queries/rollout/rollout-record.ts";
import type { RolloutMachineStanding, RolloutWaveEnds } from "../../database/queries/rollout/rollout-standing.ts";
import { rolloutFailure, rolloutSilence } from "./failure.ts";

/** What is decided from of a rollout. */
export type RolloutStanding = Pick<
  RolloutRecord,
  "state" | "parallel" | "stopAfter" | "window" | "failuresAnswered"
> & {
  /** How many of how many machines have failed. */
  failed: number;
  machines: number;
  /** How the machines of each wave have ended so far. */
  waves: readonly RolloutWaveEnds[];
};

/** What is decided from of a machine. */
export type RolloutMachineSeen = Omit<RolloutMachineStanding, "generation" | "seenGeneration">;

/** What is to be done. */
export type RolloutAction =
  /** The machine has ended. */
  | { act: "end"; machineId: MachineId; end: RolloutEnd }
  /** Its turn has come. */
  | { act: "begin"; machineId: MachineId; wave: number }
  /** It has begun, but whether its installation was requested is not recorded: request it, by the same request id. */
  | { act: "request"; machineId: MachineId; attempt: number }
  /** The same, and it may not begin now: take it back, unless it was requested after all. */
  | { act: "recall"; machineId: MachineId; attempt: number }
  /** The rule about failures holds, or the wave before the next has failures and no good machine. */
  | { act: "stop"; failures: number; barren?: number }
  /** All machines have ended. */
  | { act: "done" }
  /** Nothing of it runs any more, and nothing will: an operator has cancelled it. */
  | { act: "settled" };

/**
 * Decides what a rollout does next. Pure.
 * @param machines those that have begun and not ended, and at least the first `parallel` of those that wait, in order
 */
export function rolloutDecide(
  rollout: RolloutStanding,
  machines: readonly RolloutMachineSeen[],
  now: Date,
): RolloutAction[] {
  const begun = machines.filter(({ state }) => state === "requested");
  const ends = begun.flatMap((machine) => endOf(machine));
  const mayBegin = rollout.state === "running" && (rollout.window === undefined || windowAt(rollout.window, now).open);
  const requests = begun
    .filter(({ outcome }) => outcome === "unasked")
    .map(({ machineId, attempt }): RolloutAction => ({ act: mayBegin ? "request" : "recall", machineId, attempt }));
  const running = begun.length - ends.length;
  const settling = [...ends, ...requests];
  if (rollout.state !== "running") {
    return rollout.state === "cancelled" && running === 0 ? [...settling, { act: "settled" }] : settling;
  }
  const waiting = machines.filter(({ state }) => state === "waiting");
  if (waiting.length === 0) {
    return running === 0 ? [...settling, { act: "done" }] : settling;
  }
  const failures = rollout.failed - rollout.failuresAnswered + ends.filter(({ end }) => end.end === "failed").length;
  if (failures >= failuresMost(rollout.stopAfter, rollout.machines)) {
    return [...settling, { act: "stop", failures }];
  }
  if (!mayBegin) {
    return settling;
  }
  // A wave ends when all of its machines have ended; only then does the next begin.
  const still = begun.filter(({ machineId }) => !ends.some((end) => end.machineId === machineId));
  const wave = Math.min(...[...still, ...waiting].map((machine) => machine.wave));
  const barren = failures > 0 ? barrenBefore(wave, rollout.waves, begun, ends) : undefined;
  if (barren !== undefined) {
    return [...settling, { act: "stop", failures, barren }];
  }
  const turns = waiting.filter((machine) => machine.wave === wave);
  const leftOut = turns.filter(({ changed }) => changed !== null);
  const next = turns
    .filter(({ changed }) => changed === null)
    .slice(0, Math.max(0, rollout.parallel - running))
    .map(({ machineId }): RolloutAction => ({ act: "begin", machineId, wave }));
  return [...settling, ...leftOut.map((machine) => leaveOut(machine)), ...next];
}

/** The number of failures that stops a rollout of that many machines. Pure. */
export function failuresMost(rule: RolloutStopRule | undefined, machines: number): number {
  if (rule === undefined) {
    return Infinity;
  }
  return "failures" in rule ? rule.failures : Math.max(1, Math.ceil((rule.percent * machines) / 100));
}

/**
 * The wave before this one, if this one has not begun, and all that the one before came to are failures: what it was to
 * try out has not worked on any machine. Pure.
 */
function barrenBefore(
  wave: number,
  waves: readonly RolloutWaveEnds[],
  begun: readonly RolloutMachineSeen[],
  ends: readonly EndAction[],
): number | undefined {
  const waveOf = new Map(begun.map((machine) => [machine.machineId, machine.wave]));
  const counted = (of: number): { good: number; failed: number } => {
    const before = waves.find((ended) => ended.wave === of) ?? { good: 0, failed: 0 };
    const now = ends.filter(({ machineId }) => waveOf.get(machineId) === of);
    return {
      good: before.good + now.filter(({ end }) => end.end === "good").length,
      failed: before.failed + now.filter(({ end }) => end.end === "failed").length,
    };
  };
  const own = counted(wave);
  if (own.good + own.failed > 0 || begun.some((machine) => machine.wave === wave)) {
    return undefined;
  }
  const earlier = [...new Set([...waves.map((ended) => ended.wave), ...waveOf.values()])].filter((of) => of < wave);
  const last = earlier.toSorted((a, b) => b - a).find((of) => counted(of).good + counted(of).failed > 0);
  return last !== undefined && counted(last).good === 0 ? last : undefined;
}

type EndAction = Extract<RolloutAction, { act: "end" }>;

function endOf(machine: RolloutMachineSeen): EndAction[] {
  const { machineId, outcome } = machine;
  switch (outcome) {
    case "good":
      return [{ act: "end", machineId, end: { end: "good" } }];
    case "silent":
      return [{ act: "end", machineId, end: { end: "failed", ...rolloutSilence } }];
    case "failed":
      return [{ act: "end", machineId, end: { end: "failed", ...rolloutFailure(machine) } }];
    case "unasked":
    case "running":
    case null:
      return [];
  }
}

function leaveOut({ machineId, changed }: RolloutMachineSeen): RolloutAction {
  const error = changed === null ? "" : rolloutChangeTexts[changed];
  return { act: "end", machineId, end: { end: "left_out", cause: `changed-${changed ?? ""}`, error } };
}
