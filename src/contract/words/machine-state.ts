import { MachineState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { valuesByWord } from "./table.ts";

/** Machines' states, as the database, explanations, metrics and the command line name them. */
export const machineStateWords = {
  [MachineState.NEW]: "new",
  [MachineState.AWAITING_AGENT]: "awaiting-agent",
  [MachineState.READY]: "ready",
  [MachineState.INSTALL_PENDING]: "install-pending",
  [MachineState.INSTALLING]: "installing",
  [MachineState.COMING_UP]: "coming-up",
  [MachineState.SILENT]: "silent",
  [MachineState.INSTALLED]: "installed",
  [MachineState.INSTALL_FAILED]: "install-failed",
  [MachineState.AGENT_LOST]: "agent-lost",
  [MachineState.STARTING_AGENT]: "starting-agent",
  [MachineState.RECOVERING]: "recovering",
  [MachineState.BACKING_OFF]: "backing-off",
  [MachineState.QUARANTINED]: "quarantined",
} as const satisfies Record<Exclude<MachineState, 0>, string>;

/** A machine's state by its word. */
export const machineStateValues = valuesByWord(machineStateWords);
