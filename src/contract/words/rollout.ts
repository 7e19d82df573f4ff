import { RolloutMachineState, RolloutState } from "../../../gen/farrier/operator/v1/rollout_pb.ts";

/** The words of rollouts' states. */
export const rolloutStateWords = {
  [RolloutState.PLANNED]: "planned",
  [RolloutState.RUNNING]: "running",
  [RolloutState.PAUSED]: "paused",
  [RolloutState.STOPPED]: "stopped",
  [RolloutState.CANCELLED]: "cancelled",
  [RolloutState.DONE]: "done",
} as const satisfies Record<Exclude<RolloutState, 0>, string>;

/** The words of machines' states in a rollout. */
export const rolloutMachineStateWords = {
  [RolloutMachineState.PLANNED]: "planned",
  [RolloutMachineState.WAITING]: "waiting",
  [RolloutMachineState.REQUESTED]: "requested",
  [RolloutMachineState.GOOD]: "good",
  [RolloutMachineState.FAILED]: "failed",
  [RolloutMachineState.LEFT_OUT]: "left-out",
  [RolloutMachineState.CANCELLED]: "cancelled",
} as const satisfies Record<Exclude<RolloutMachineState, 0>, string>;
