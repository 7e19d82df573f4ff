import { windowStep } from "./agent-comes.ts";
import { heldCauses, heldRemedies, heldStep } from "./held-work.ts";
import type { StateWords } from "./state-words.ts";

/** A shepherd holds the machine, whose agent is lost. */
export const recoveringWords: StateWords<"recovering"> = {
  owner: () => "shepherd",
  step: (facts) =>
    windowStep(facts.record) ??
    heldStep(facts, facts.record.state.work, "the shepherd has a new agent started, or backs off"),
  causes: heldCauses,
  remedies: heldRemedies,
};
