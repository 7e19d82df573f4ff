import type { MachineStateName } from "../../database/machine-state.ts";
import { agentLostWords } from "./states/agent-lost.ts";
import { awaitingAgentWords } from "./states/awaiting-agent.ts";
import { backingOffWords } from "./states/backing-off.ts";
import { comingUpWords } from "./states/coming-up.ts";
import { installFailedWords } from "./states/install-failed.ts";
import { installPendingWords } from "./states/install-pending.ts";
import { installedWords } from "./states/installed.ts";
import { installingWords } from "./states/installing.ts";
import { newWords } from "./states/new.ts";
import { quarantinedWords } from "./states/quarantined.ts";
import { readyWords } from "./states/ready.ts";
import { recoveringWords } from "./states/recovering.ts";
import { silentWords } from "./states/silent.ts";
import { startingAgentWords } from "./states/starting-agent.ts";
import type { StateWords } from "./states/state-words.ts";

const words: { [S in MachineStateName]: StateWords<S> } = {
  new: newWords,
  "awaiting-agent": awaitingAgentWords,
  ready: readyWords,
  "install-pending": installPendingWords,
  installing: installingWords,
  "coming-up": comingUpWords,
  silent: silentWords,
  installed: installedWords,
  "install-failed": installFailedWords,
  "agent-lost": agentLostWords,
  "starting-agent": startingAgentWords,
  recovering: recoveringWords,
  "backing-off": backingOffWords,
  quarantined: quarantinedWords,
};

/** The words about a state, for the facts of a machine in that state. */
export function stateWords(state: MachineStateName): StateWords<MachineStateName> {
  return words[state] as StateWords<MachineStateName>;
}
