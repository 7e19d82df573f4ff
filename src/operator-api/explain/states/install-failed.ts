import { finalCauses } from "../causes/final-causes.ts";
import { recordTitle, type Cause, type ExplainFacts } from "../facts.ts";
import { failureRemedies } from "../failure-remedies.ts";
import { failureOf } from "../../messages/failure-of.ts";
import { cancelCommand, historyRemedy, installRemedy } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** The newest request ended in an error or was cancelled. */
export const installFailedWords: StateWords<"install-failed"> = {
  owner: ({ record: { state } }) => (state.retryAt === undefined ? "operator" : "server"),
  step: ({ record: { state, installation } }) => {
    const { attempts = 0, attemptsLeft = 0 } = installation?.retry ?? {};
    return state.retryAt === undefined
      ? {
          waitingFor: "an operator's decision",
          next: "none by itself: retry the request, or make another",
        }
      : {
          waitingFor: "the time of the next try",
          next: `a new generation is made at ${state.retryAt.toISOString()} (${attemptsLeft} of ${attempts} tries left)`,
        };
  },
  causes: (facts) => [...finalCauses(facts), ...retryCauses(facts)],
  remedies: (facts) => [
    ...(facts.record.state.retryAt === undefined ? [] : [`stop further tries: ${cancelCommand(facts.record)}`]),
    ...failedRemedies(facts),
    historyRemedy(facts.record),
  ],
};

function retryCauses({ record }: ExplainFacts): Cause[] {
  const retry = record.installation?.retry;
  if (retry === undefined) {
    return [];
  }
  return retry.nextAt === undefined
    ? [{ kind: "retries-exhausted", text: `all ${retry.attempts} tries of the request's retry budget are used up` }]
    : [
        {
          kind: "retry-waiting",
          text: `another try follows at ${retry.nextAt.toISOString()}; ${retry.attemptsLeft} of ${retry.attempts} tries are left`,
        },
      ];
}

/** By the cause of the failure; after a cancellation nothing needs repair. */
function failedRemedies({ record }: ExplainFacts): string[] {
  const title = recordTitle(record);
  const generation = record.installation?.generation ?? 0n;
  const failure = failureOf(record.installation?.final);
  return failure === undefined
    ? [`retry the same request: \`farrier machine retry ${title} --generation ${generation}\``, installRemedy(record)]
    : failureRemedies(failure, { title, generation, hardwareReported: record.hardwareReportedAt !== undefined });
}
