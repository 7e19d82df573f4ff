import type { HeldWork } from "../../../database/machine-state.ts";
import { agentCauses } from "../causes/agent-causes.ts";
import { workCauses } from "../causes/component-causes.ts";
import { providerCauses } from "../causes/provider-causes.ts";
import type { Cause, ExplainFacts } from "../facts.ts";
import { historyRemedy, pendingRemedies, quarantineRemedy } from "./remedy.ts";
import type { Step, StepFacts } from "./state-words.ts";

/** The step while a shepherd holds the machine: `next` is what its work leads to. Pure. */
export function heldStep({ now, shepherd }: StepFacts, work: HeldWork | undefined, next: string): Step {
  if (work === undefined) {
    return { waitingFor: "a shepherd's work on it to end", next };
  }
  const { process, runtimeInfo, sessionId } = work;
  if (now === undefined || work.deadline >= now) {
    return { waitingFor: `${process}, held by ${runtimeInfo} (session ${sessionId})`, next };
  }
  const then =
    shepherd === false ? "a shepherd can continue: none is alive, start one" : "a shepherd continues with the machine";
  return {
    waitingFor: `a janitor to delete session ${sessionId} of ${runtimeInfo}, which holds ${process}`,
    next: `a janitor deletes the session, within seconds; then ${then}`,
  };
}

/** What blocks held work. Pure. */
export function heldCauses(facts: ExplainFacts): Cause[] {
  return [...workCauses(facts), ...agentCauses(facts), ...providerCauses(facts)];
}

/** What an operator can do while work is held. Pure. */
export function heldRemedies({ record }: ExplainFacts): string[] {
  return [
    "wait: the work ends, or its session does",
    ...pendingRemedies(record),
    historyRemedy(record),
    quarantineRemedy(record),
  ];
}
