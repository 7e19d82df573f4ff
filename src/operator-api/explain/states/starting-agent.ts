import { windowStep } from "./agent-comes.ts";
import { heldCauses, heldRemedies, heldStep } from "./held-work.ts";
import type { StateWords } from "./state-words.ts";

/** A shepherd holds the machine and starts an agent on it. */
export const startingAgentWords: StateWords<"starting-agent"> = {
  owner: () => "shepherd",
  step: (facts) =>
    windowStep(facts.record) ??
    heldStep(facts, facts.record.state.work, "the shepherd registers the agent that it started, or backs off"),
  causes: heldCauses,
  remedies: heldRemedies,
};
