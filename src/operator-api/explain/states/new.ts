import { shepherdCauses } from "../causes/component-causes.ts";
import { providerCauses } from "../causes/provider-causes.ts";
import { agentStarter } from "./agent-starter.ts";
import { agentComes, agentRemedies } from "./agent-comes.ts";
import { installRemedy, quarantineRemedy, vanishedRemedies } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** Known, without an agent and without a request. */
export const newWords: StateWords<"new"> = {
  owner: ({ record }) => agentStarter(record),
  step: agentComes,
  causes: (facts) => [
    { kind: "no-agent", text: "no agent was ever registered" },
    ...providerCauses(facts),
    ...shepherdCauses(facts),
  ],
  remedies: (facts) => [
    ...agentRemedies(facts),
    ...vanishedRemedies(facts.record),
    installRemedy(facts.record),
    quarantineRemedy(facts.record),
  ],
};
