import { agentCauses } from "../causes/agent-causes.ts";
import { shepherdCauses } from "../causes/component-causes.ts";
import { providerCauses } from "../causes/provider-causes.ts";
import { recordTitle, type Cause, type ExplainFacts } from "../facts.ts";
import { agentStarter } from "./agent-starter.ts";
import { agentComes, agentRemedies, windowStep, withClaims } from "./agent-comes.ts";
import { cancelRemedy, replaceRemedy } from "./remedy.ts";
import type { StateWords, Step, StepFacts } from "./state-words.ts";

/** Requested, and not begun. */
export const installPendingWords: StateWords<"install-pending"> = {
  owner: ({ record }) => (record.agent === undefined ? agentStarter(record) : "agent"),
  step: (facts) =>
    facts.requestProblem === undefined
      ? agentStep(facts, facts.record.state.generation ?? "?")
      : {
          waitingFor: "an operator: the stored request can't be handed out",
          next: "none by itself: replace or cancel the request",
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
      : ["look at the machine: does its agent run", replaceRemedy(facts.record)]),
    cancelRemedy(facts.record),
  ],
};

function agentStep(facts: StepFacts, generation: bigint | string): Step {
  if (facts.record.agent !== undefined) {
    const step = windowStep(facts.record) ?? {
      waitingFor: `its agent to begin generation ${generation}`,
      next:
        "the agent gets the request, at the latest with its next heartbeat" +
        (facts.diskProblem === undefined
          ? ""
          : "; it will refuse the request, unless its disks have changed since the hardware report"),
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
      : [
          {
            kind: "request-unreadable" as const,
            text: `the stored request is not handed out, because ${requestProblem}`,
          },
        ]),
    ...(diskProblem === undefined
      ? []
      : [{ kind: "disk-selector" as const, text: `according to the hardware report, ${diskProblem}` }]),
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
          "replace the request with a valid one (--replace): " +
            `\`farrier machine install ${title} --replace --help\` lists the flags`,
        ]),
  ];
}
