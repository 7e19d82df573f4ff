import { agentCauses } from "../causes/agent-causes.ts";
import { shepherdCauses } from "../causes/component-causes.ts";
import { providerCauses } from "../causes/provider-causes.ts";
import { agentStarter } from "./agent-starter.ts";
import { switchedBy } from "../switched-by.ts";
import { windowStep, withClaims } from "./agent-comes.ts";
import { pendingRemedies, quarantineRemedy, replaceRemedy, shepherdRemedies } from "./remedy.ts";
import type { StateWords, Step, StepFacts } from "./state-words.ts";

/** Its agent has been silent for too long, and there is something to do. */
export const agentLostWords: StateWords<"agent-lost"> = {
  owner: ({ record }) => agentStarter(record),
  step: (facts) => withClaims(windowStep(facts.record) ?? lostStep(facts), facts),
  causes: (facts) => [...agentCauses(facts), ...providerCauses(facts), ...shepherdCauses(facts)],
  remedies: (facts) => [
    ...(switchedBy(facts.record) !== undefined ? shepherdRemedies(facts) : []),
    "look at the machine: is it on, does its agent run, does the agent reach the control plane",
    replaceRemedy(facts.record),
    ...(switchedBy(facts.record) !== undefined ? [] : shepherdRemedies(facts)),
    ...pendingRemedies(facts.record),
    quarantineRemedy(facts.record),
  ],
};

function lostStep({ record, shepherd }: StepFacts): Step {
  const { provided } = record;
  const ends = "a heartbeat of the agent ends this state at once";
  if (switchedBy(record) === undefined) {
    const who =
      provided === undefined
        ? "nobody but an operator"
        : `provider ${provided.provider} has no power switch, so nobody but an operator`;
    return {
      waitingFor: `its agent, to be started by hand: ${who} can start it`,
      next: `none by itself: start the agent; ${ends}`,
    };
  }
  return shepherd === false
    ? {
        waitingFor: "a shepherd, but none is alive: start one",
        next: `none until a shepherd runs: start one; ${ends}`,
      }
    : { waitingFor: "a shepherd", next: `a shepherd recovers the machine; ${ends}` };
}
