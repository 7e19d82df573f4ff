import { agentCauses } from "../causes/agent-causes.ts";
import { shepherdCauses } from "../causes/component-causes.ts";
import { providerCauses } from "../causes/provider-causes.ts";
import { recordTitle } from "../facts.ts";
import { agentStarter } from "./agent-starter.ts";
import { meansExhausted } from "./means-exhausted.ts";
import { leftStep, windowStep, withClaims } from "./agent-comes.ts";
import { isLeftRunning, switchedBy } from "../switched-by.ts";
import {
  pendingRemedies,
  quarantineRemedy,
  replaceRemedy,
  shepherdRemedies,
  startAgentRemedy,
  vanishedRemedies,
} from "./remedy.ts";
import type { StateWords, Step, StepFacts } from "./state-words.ts";

/** A shepherd failed, and tries again later. */
export const backingOffWords: StateWords<"backing-off"> = {
  owner: ({ record }) => agentStarter(record),
  step: (facts) =>
    withClaims(
      windowStep(facts.record) ??
        (isLeftRunning(facts.record) ? leftStep(facts.record) : backoffStep(facts, facts.record.state.backoff?.until)),
      facts,
    ),
  causes: (facts) => {
    const { backoff } = facts.record.state;
    return [
      ...(backoff === undefined
        ? []
        : [
            {
              kind: "backoff" as const,
              text: `${backoff.process} failed and is not tried again before ${backoff.until.toISOString()}: ${backoff.cause}`,
            },
          ]),
      ...agentCauses(facts),
      ...providerCauses(facts),
      ...shepherdCauses(facts),
    ];
  },
  remedies: (facts) => [
    ...(switchedBy(facts.record) !== undefined ? shepherdRemedies(facts) : []),
    ...(isLeftRunning(facts.record) ? [startAgentRemedy(facts.record)] : []),
    "repair what the cause names",
    `end the backoff: \`farrier backoff clear ${recordTitle(facts.record)}\``,
    ...vanishedRemedies(facts.record),
    replaceRemedy(facts.record),
    ...(switchedBy(facts.record) !== undefined ? [] : shepherdRemedies(facts)),
    ...pendingRemedies(facts.record),
    quarantineRemedy(facts.record),
  ],
};

function backoffStep(facts: StepFacts, until: Date | undefined): Step {
  const { record, shepherd } = facts;
  const { provided } = record;
  const time = until?.toISOString();
  const ends = "a heartbeat of an agent ends the backoff at once";
  if (provided !== undefined && switchedBy(record) === undefined) {
    return {
      waitingFor: `an agent to be started by hand: provider ${provided.provider} has no power switch`,
      next: `none by itself: start an agent; ${ends}`,
    };
  }
  const exhausted = meansExhausted(facts);
  if (exhausted !== undefined && shepherd !== false) {
    return {
      waitingFor: `an operator to look at the machine: every means of starting an agent on it has failed: ${exhausted}`,
      next: `a shepherd tries them again in turn${time === undefined ? "" : ` after ${time}`}; ${ends}`,
    };
  }
  const end = `the end of the backoff${time === undefined ? "" : ` at ${time}`}`;
  return shepherd === false
    ? {
        waitingFor: `${end}, then a shepherd, but none is alive: start one`,
        next: `none until a shepherd runs: start one; ${ends}`,
      }
    : {
        waitingFor: `${end}, then a shepherd`,
        next: `a shepherd tries again${time === undefined ? "" : ` after ${time}`}; ${ends}`,
      };
}
