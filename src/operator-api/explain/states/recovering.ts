import { windowStep } from "./agent-comes.ts";
import { heldCauses, heldRemedies, heldStep } from "./held-work.ts";
import type { StateWords } from "./state-words.ts";

/** A shepherd holds the machine, because its agent is lost. */
export const recoveringWords: StateWords<"recovering"> = {
  owner: () => "shepherd",
  step: (facts) =>
    windowStep(facts.record) ??
    heldStep(facts, facts.record.state.work, "the shepherd starts a new agent, or backs off"),
  causes: heldCauses,
  remedies: heldRemedies,
};
