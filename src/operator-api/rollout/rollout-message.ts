import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  RolloutCountsSchema,
  RolloutMachineSchema,
  RolloutMachineState,
  RolloutSchema,
  RolloutState,
  RolloutWaveSchema,
  RolloutWindowSchema,
  type Rollout,
  type RolloutCounts,
  type RolloutMachine,
  type RolloutWave,
} from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { dayMinutesText } from "../../contract/rollout/window.ts";
import { rolloutChangeTexts } from "../../database/queries/rollout/rollout-changed.ts";
import type { RolloutCount, RolloutMachineStateName } from "../../database/queries/rollout/rollout-counts.ts";
import type { RolloutMachineRecord, RolloutStartBy } from "../../database/queries/rollout/rollout-machine-list.ts";
import type { RolloutRecord, RolloutStateName } from "../../database/queries/rollout/rollout-record.ts";
import { defined } from "../../lib/defined.ts";
import { rolloutNote } from "./rollout-note.ts";

const states: Record<RolloutStateName, RolloutState> = {
  planned: RolloutState.PLANNED,
  running: RolloutState.RUNNING,
  paused: RolloutState.PAUSED,
  stopped: RolloutState.STOPPED,
  cancelled: RolloutState.CANCELLED,
  done: RolloutState.DONE,
};

/** The states of machines in rollouts, by their names. */
export const rolloutMachineStateValues: Record<RolloutMachineStateName, RolloutMachineState> = {
  planned: RolloutMachineState.PLANNED,
  waiting: RolloutMachineState.WAITING,
  requested: RolloutMachineState.REQUESTED,
  good: RolloutMachineState.GOOD,
  failed: RolloutMachineState.FAILED,
  left_out: RolloutMachineState.LEFT_OUT,
  cancelled: RolloutMachineState.CANCELLED,
};

const starts: Record<RolloutStartBy, string> = {
  agent: "its agent runs",
  controller: "by its controller",
  provider: "by its provider's power switch",
  ssh: "by takeover over SSH",
  nothing: "nothing starts an agent on it: it stays pending until somebody boots it from the network or a medium",
};

/** A rollout as operators see it. @param now the database's time */
export function rolloutMessage(record: RolloutRecord, counts: readonly RolloutCount[], now: Date): Rollout {
  const { stopAfter, window: hours } = record;
  const all = countsMessage(counts.filter(({ rollout }) => rollout === record.number));
  return create(RolloutSchema, {
    name: record.name,
    profile: versionText(record.profile.name, record.profile.version),
    state: states[record.state],
    stateSince: timestampFromDate(record.stateSince),
    counts: all,
    waves: record.waves,
    parallel: record.parallel,
    stopAfter: stopAfter !== undefined && "failures" in stopAfter ? stopAfter.failures : 0,
    stopAfterPercent: stopAfter !== undefined && "percent" in stopAfter ? stopAfter.percent : 0,
    createdAt: timestampFromDate(record.createdAt),
    createdBy: record.createdBy,
    plannedAt: timestampFromDate(record.plannedAt),
    expectedSeconds: record.expectedSeconds ?? 0,
    note: rolloutNote(record, all, now),
    ...defined({
      window:
        hours === undefined
          ? undefined
          : create(RolloutWindowSchema, {
              from: dayMinutesText(hours.from),
              to: dayMinutesText(hours.to),
              timeZone: hours.timeZone,
            }),
      startedAt: record.startedAt && timestampFromDate(record.startedAt),
      endedAt: record.endedAt && timestampFromDate(record.endedAt),
    }),
  });
}

/** The waves of a rollout. */
export function rolloutWaves(record: RolloutRecord, counts: readonly RolloutCount[]): RolloutWave[] {
  const waves = [...new Set(counts.map(({ wave }) => wave))].toSorted((a, b) => a - b);
  return waves.map((wave) => {
    const of = countsMessage(counts.filter((count) => count.wave === wave));
    const rounds = Math.ceil((of.machines - of.leftOut) / record.parallel);
    return create(RolloutWaveSchema, { wave, counts: of, expectedSeconds: rounds * (record.expectedSeconds ?? 0) });
  });
}

function countsMessage(counts: readonly RolloutCount[]): RolloutCounts {
  const sum = (...names: RolloutMachineStateName[]): number =>
    counts.filter(({ state }) => names.includes(state)).reduce((total, { machines }) => total + machines, 0);
  return create(RolloutCountsSchema, {
    machines: counts.reduce((total, { machines }) => total + machines, 0),
    planned: sum("planned"),
    waiting: sum("waiting"),
    requested: sum("requested"),
    good: sum("good"),
    failed: sum("failed"),
    leftOut: sum("left_out"),
    cancelled: sum("cancelled"),
    refused: counts.reduce((total, { state, refused }) => total + (state === "planned" ? refused : 0), 0),
  });
}

/** A machine of a rollout. */
export function rolloutMachineMessage(record: RolloutMachineRecord): RolloutMachine {
  return create(RolloutMachineSchema, {
    machineId: record.machineId,
    name: record.name ?? "",
    wave: record.wave,
    state: rolloutMachineStateValues[record.state],
    stateSince: timestampFromDate(record.stateSince),
    disk: record.disk,
    diskBytes: record.diskBytes,
    overwrites: record.overwrites ?? 0n,
    refused: record.refused ?? "",
    doubt: record.doubt ?? "",
    start: starts[record.startBy],
    changed: record.changed === null ? "" : rolloutChangeTexts[record.changed],
    attempt: record.attempt,
    generation: record.generation ?? 0n,
    cause: record.cause ?? "",
    error: record.error ?? "",
  });
}
