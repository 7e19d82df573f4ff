import { agentCauses } from "../causes/agent-causes.ts";
import { serverCauses } from "../causes/component-causes.ts";
import { providerCauses } from "../causes/provider-causes.ts";
import { windowStep, withClaims } from "./agent-comes.ts";
import { quarantineRemedy, replaceRemedy } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** An agent is registered and has never sent a heartbeat. */
export const awaitingAgentWords: StateWords<"awaiting-agent"> = {
  owner: () => "agent",
  step: (facts) =>
    withClaims(
      windowStep(facts.record) ?? {
        waitingFor: "the first heartbeat of its agent",
        next: "the agent's first heartbeat makes it ready; if none comes, the agent counts as lost",
      },
      facts,
    ),
  causes: (facts) => [...agentCauses(facts), ...serverCauses(facts), ...providerCauses(facts)],
  remedies: ({ record }) => [
    "look at the machine: does its agent run, does it reach the control plane, what does it log",
    replaceRemedy(record),
    quarantineRemedy(record),
  ],
};
