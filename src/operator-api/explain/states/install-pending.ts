import { agentCauses } from "../causes/agent-causes.ts";
import { shepherdCauses } from "../causes/component-causes.ts";
import { providerCauses } from "../causes/provider-causes.ts";
import { recordTitle, type Cause, type ExplainFacts } from "../facts.ts";
import { agentComes, agentRemedies, windowStep, withClaims } from "./agent-comes.ts";
import { cancelRemedy, replaceRemedy } from "./remedy.ts";
import type { StateWords, Step, StepFacts } from "./state-words.ts";

/** Asked for, and not begun. */
export const installPendingWords: StateWords<"install-pending"> = {
  owner: () => "agent",
  step: (facts) =>
    facts.requestProblem === undefined
      ? agentStep(facts, facts.record.state.generation ?? "?")
      : {
          waitingFor: "an operator: the stored request can't be handed out",
          next: "none by itself: replace the request, or cancel it",
        },
  causes: (facts) => [
    ...requestCauses(facts),
    ...agentCauses(facts),
    ...runCauses(facts),
    ...providerCauses(facts),
    ...(facts.record.agent === undefined ? shepherdCauses(facts) : []),
  ],
  remedies: (facts) => [
    ...requestRemedies(facts),
    ...(facts.record.agent === undefined
      ? agentRemedies(facts)
      : ["look at the machine: is the agent running", replaceRemedy(facts.record)]),
    cancelRemedy(facts.record),
  ],
};

function agentStep(facts: StepFacts, generation: bigint | string): Step {
  if (facts.record.agent !== undefined) {
    const step = windowStep(facts.record) ?? {
      waitingFor: `its agent to begin generation ${generation}`,
      next:
        "the agent takes the request up, at the latest with its next heartbeat" +
        (facts.diskProblem === undefined ? "" : "; it refuses it, unless its disks have changed since their report"),
    };
    return withClaims(step, facts);
  }
  const { waitingFor, next } = agentComes(facts);
  return {
    waitingFor: `${waitingFor}, to hand generation ${generation} to`,
    next: `${next}; the agent is handed the request with its first heartbeat`,
  };
}

function requestCauses({ requestProblem, diskProblem }: ExplainFacts): Cause[] {
  return [
    ...(requestProblem === undefined
      ? []
      : [{ kind: "request-unreadable" as const, text: `the stored request is not handed out, for ${requestProblem}` }]),
    ...(diskProblem === undefined
      ? []
      : [{ kind: "disk-selector" as const, text: `going by the hardware report, ${diskProblem}` }]),
  ];
}

function runCauses({ record }: ExplainFacts): Cause[] {
  const runs = record.installation?.runs ?? 0;
  return runs === 0
    ? []
    : [
        {
          kind: "progress-stalled",
          text: `${runs} of 3 agent runs were handed the request, and none has reported progress`,
        },
      ];
}

function requestRemedies({ record, requestProblem, diskProblem }: ExplainFacts): string[] {
  const title = recordTitle(record);
  return [
    ...(diskProblem === undefined ? [] : [`see the machine's disks: \`farrier hardware show ${title}\``]),
    ...(requestProblem === undefined && diskProblem === undefined
      ? []
      : [
          "replace the request by one that can be carried out, with --replace: " +
            `\`farrier machine install ${title} --replace --help\` lists what else to give`,
        ]),
  ];
}
