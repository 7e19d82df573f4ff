import {
  RolloutMachineState,
  RolloutState,
  type RolloutCounts,
  type RolloutMachine,
} from "../../gen/farrier/operator/v1/rollout_pb.ts";
import { rolloutMachineStateWords, rolloutStateWords } from "../../src/contract/words/rollout.ts";
import { wordOf } from "../../src/contract/words/table.ts";
import type { StateLook } from "./machine-state-looks.ts";

const stateLooks: Record<Exclude<RolloutState, 0>, Omit<StateLook, "word">> = {
  [RolloutState.PLANNED]: { icon: "dashed", tone: "idle" },
  [RolloutState.RUNNING]: { icon: "install", tone: "busy" },
  [RolloutState.PAUSED]: { icon: "pause", tone: "warn" },
  [RolloutState.STOPPED]: { icon: "warning", tone: "bad" },
  [RolloutState.CANCELLED]: { icon: "close", tone: "idle" },
  [RolloutState.DONE]: { icon: "check", tone: "good" },
};

const machineLooks: Record<Exclude<RolloutMachineState, 0>, Omit<StateLook, "word">> = {
  [RolloutMachineState.PLANNED]: { icon: "dashed", tone: "idle" },
  [RolloutMachineState.WAITING]: { icon: "clock", tone: "idle" },
  [RolloutMachineState.REQUESTED]: { icon: "install", tone: "busy" },
  [RolloutMachineState.GOOD]: { icon: "check", tone: "good" },
  [RolloutMachineState.FAILED]: { icon: "cross", tone: "bad" },
  [RolloutMachineState.LEFT_OUT]: { icon: "warning", tone: "warn" },
  [RolloutMachineState.CANCELLED]: { icon: "close", tone: "idle" },
};

const refusedLook: StateLook = { word: "refused", icon: "lock", tone: "warn" };

/** The look of a rollout's state; a later server may have states that this console does not know. Pure. */
export function rolloutStateLook(state: RolloutState): StateLook {
  const look = (stateLooks as Partial<Record<number, Omit<StateLook, "word">>>)[state];
  const word = wordOf(rolloutStateWords, state);
  return look === undefined || word === undefined ? unknownLook(state) : { word, ...look };
}

/** The look of a machine in a rollout; a machine that the plan refuses is not a planned machine. Pure. */
export function rolloutMachineLook({ state, refused }: Pick<RolloutMachine, "state" | "refused">): StateLook {
  if (state === RolloutMachineState.PLANNED && refused !== "") {
    return refusedLook;
  }
  const look = (machineLooks as Partial<Record<number, Omit<StateLook, "word">>>)[state];
  const word = wordOf(rolloutMachineStateWords, state)?.replace("-", " ");
  return look === undefined || word === undefined ? unknownLook(state) : { word, ...look };
}

/** How many machines look how, without those that are not there; what needs somebody comes first. Pure. */
export function rolloutCountLooks(counts: RolloutCounts | undefined): { look: StateLook; count: number }[] {
  if (counts === undefined) {
    return [];
  }
  const look = (state: RolloutMachineState): StateLook => rolloutMachineLook({ state, refused: "" });
  return [
    { look: look(RolloutMachineState.FAILED), count: counts.failed },
    { look: look(RolloutMachineState.LEFT_OUT), count: counts.leftOut },
    { look: refusedLook, count: counts.refused },
    { look: look(RolloutMachineState.REQUESTED), count: counts.requested },
    { look: look(RolloutMachineState.GOOD), count: counts.good },
    { look: look(RolloutMachineState.WAITING), count: counts.waiting },
    { look: look(RolloutMachineState.PLANNED), count: counts.planned - counts.refused },
    { look: look(RolloutMachineState.CANCELLED), count: counts.cancelled },
  ].filter(({ count }) => count > 0);
}

function unknownLook(state: number): StateLook {
  return { word: `state ${String(state)}`, icon: "info", tone: "idle" };
}
