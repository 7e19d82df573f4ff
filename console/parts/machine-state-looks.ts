import { MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { machineStateWords } from "../../src/contract/words/machine-state.ts";
import { wordOf } from "../../src/contract/words/table.ts";
import type { Tone } from "../ui/Chip.tsx";
import type { IconName } from "../ui/Icon.tsx";

/** How a state looks; the word is the command line's. */
export interface StateLook {
  word: string;
  icon: IconName;
  tone: Tone;
}

type KnownState = Exclude<MachineState, 0>;

const looks: Record<KnownState, Omit<StateLook, "word">> = {
  [MachineState.NEW]: { icon: "dashed", tone: "idle" },
  [MachineState.AWAITING_AGENT]: { icon: "clock", tone: "busy" },
  [MachineState.READY]: { icon: "ready", tone: "good" },
  [MachineState.INSTALL_PENDING]: { icon: "hourglass", tone: "busy" },
  [MachineState.INSTALLING]: { icon: "install", tone: "busy" },
  [MachineState.COMING_UP]: { icon: "hourglass", tone: "busy" },
  [MachineState.SILENT]: { icon: "warning", tone: "bad" },
  [MachineState.INSTALLED]: { icon: "check", tone: "good" },
  [MachineState.INSTALL_FAILED]: { icon: "cross", tone: "bad" },
  [MachineState.AGENT_LOST]: { icon: "unplugged", tone: "bad" },
  [MachineState.STARTING_AGENT]: { icon: "power", tone: "busy" },
  [MachineState.RECOVERING]: { icon: "recover", tone: "warn" },
  [MachineState.BACKING_OFF]: { icon: "pause", tone: "warn" },
  [MachineState.QUARANTINED]: { icon: "lock", tone: "idle" },
};

/** All states, in the order in which lists and bars have them: what needs somebody first. */
export const machineStateOrder: readonly KnownState[] = [
  MachineState.INSTALL_FAILED,
  MachineState.SILENT,
  MachineState.AGENT_LOST,
  MachineState.BACKING_OFF,
  MachineState.RECOVERING,
  MachineState.STARTING_AGENT,
  MachineState.INSTALLING,
  MachineState.INSTALL_PENDING,
  MachineState.COMING_UP,
  MachineState.AWAITING_AGENT,
  MachineState.QUARANTINED,
  MachineState.NEW,
  MachineState.READY,
  MachineState.INSTALLED,
];

/** The look of a state; a later server may have states that this console does not know. Pure. */
export function machineStateLook(state: MachineState): StateLook {
  const look = (looks as Partial<Record<number, Omit<StateLook, "word">>>)[state];
  const word = wordOf(machineStateWords, state);
  return look === undefined || word === undefined
    ? { word: `state ${String(state)}`, icon: "info", tone: "idle" }
    : { word, ...look };
}
