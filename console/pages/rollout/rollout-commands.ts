import { RolloutService, RolloutState, type Rollout } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";
import { rolloutStateLook } from "../../parts/rollout-looks.ts";
import type { IconName } from "../../ui/Icon.tsx";

/** What an operator can do with a rollout, by the words of the command line. */
export type RolloutCommandName = "start" | "plan" | "pause" | "resume" | "cancel" | "delete" | "retry-failed";

/** A command about a rollout. */
export interface RolloutOffer {
  /** On its button. */
  title: string;
  icon: IconName;
  /** What it does, in its dialog. */
  explains: string;
  /** The states of rollouts that it is for. */
  states: readonly RolloutState[];
  prepare: (name: string, requestId: string) => PreparedCommand;
}

const { method } = RolloutService;

/** All commands about a rollout; those that go on come first. */
export const rolloutCommands: Record<RolloutCommandName, RolloutOffer> = {
  start: {
    title: "Start",
    icon: "install",
    explains:
      "Machines are requested wave by wave. Those that the plan refuses, and those that have changed since, are left out.",
    states: [RolloutState.PLANNED],
    prepare: (name, requestId) =>
      prepare({
        ...common(name, requestId),
        method: method.rolloutStart,
        words: (message) => wordsOf("start", message),
        done: doneOf(name),
      }),
  },
  resume: {
    title: "Resume",
    icon: "recover",
    explains: "It goes on with the machines that wait. Machines that failed stay failed, and do not count again.",
    states: [RolloutState.PAUSED, RolloutState.STOPPED],
    prepare: (name, requestId) =>
      prepare({
        ...common(name, requestId),
        method: method.rolloutResume,
        words: (message) => wordsOf("resume", message),
        done: doneOf(name),
      }),
  },
  "retry-failed": {
    title: "Retry failed",
    icon: "recover",
    explains:
      "The machines that failed are in line again, as they are now, and the rollout goes on. Those that another rollout holds stay failed.",
    states: [RolloutState.STOPPED, RolloutState.DONE, RolloutState.PAUSED, RolloutState.RUNNING],
    prepare: (name, requestId) =>
      prepare({
        ...common(name, requestId),
        method: method.rolloutRetryFailed,
        words: (message) => wordsOf("retry-failed", message),
        done: ({ machines }) => `${name}: ${machines} ${machines === 1 ? "machine is" : "machines are"} in line again`,
      }),
  },
  pause: {
    title: "Pause",
    icon: "pause",
    explains: "No more machines are begun. What was requested goes on.",
    states: [RolloutState.RUNNING],
    prepare: (name, requestId) =>
      prepare({
        ...common(name, requestId),
        method: method.rolloutPause,
        words: (message) => wordsOf("pause", message),
        done: doneOf(name),
      }),
  },
  plan: {
    title: "Plan again",
    icon: "search",
    explains: "Each machine is looked at again: its disk, what would be overwritten, and whether it is refused.",
    states: [RolloutState.PLANNED],
    prepare: (name, requestId) =>
      prepare({
        ...common(name, requestId),
        method: method.rolloutReplan,
        words: (message) => [...wordsOf("plan", message), "--anew"],
        done: () => `${name} is planned anew`,
      }),
  },
  cancel: {
    title: "Cancel",
    icon: "close",
    explains:
      "Machines that wait are let go, and the rollout can't go on. What was requested goes on: cancel it on the machine's page.",
    states: [RolloutState.PLANNED, RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.STOPPED],
    prepare: (name, requestId) =>
      prepare({
        ...common(name, requestId),
        method: method.rolloutCancel,
        words: (message) => wordsOf("cancel", message),
        done: doneOf(name),
      }),
  },
  delete: {
    title: "Delete",
    icon: "trash",
    explains:
      "Its plan, its causes and its events are deleted. What is installed stays, and so does the history of its machines.",
    states: [RolloutState.DONE, RolloutState.CANCELLED],
    prepare: (name, requestId) =>
      prepare({
        ...common(name, requestId),
        method: method.rolloutDelete,
        words: (message) => wordsOf("delete", message),
        done: () => `${name} is deleted`,
      }),
  },
};

/** The commands that a rollout offers as it is. Pure. */
export function rolloutOffers({ state, counts }: Pick<Rollout, "state" | "counts">): RolloutCommandName[] {
  const names = Object.keys(rolloutCommands) as RolloutCommandName[];
  const { failed = 0, requested = 0 } = counts ?? {};
  return names.filter(
    (name) =>
      rolloutCommands[name].states.includes(state) &&
      (name !== "retry-failed" || failed > 0) &&
      // A cancelled one has ended once its last machine has.
      (name !== "delete" || requested === 0),
  );
}

function common(name: string, requestId: string) {
  return { machineId: "", title: name, message: { requestId, rollout: name } };
}

function wordsOf(word: RolloutCommandName, message: { rollout: string; requestId: string }): string[] {
  return ["rollout", word, message.rollout, "--request-id", message.requestId];
}

/** Says how the rollout is after a command. */
function doneOf(name: string): (answer: { rollout?: Rollout | undefined }) => string {
  return ({ rollout }) => `${name} is ${rollout === undefined ? "changed" : rolloutStateLook(rollout.state).word}`;
}
