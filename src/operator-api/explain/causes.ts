import { bootWindowCauses, enrollmentCauses, refusalCauses } from "./causes/enrollment-causes.ts";
import { controllerCauses } from "./causes/controller-causes.ts";
import { databaseCauses } from "./causes/database-causes.ts";
import { listingCauses } from "./causes/listing-causes.ts";
import { netbootCauses } from "./causes/netboot-causes.ts";
import { rolloutHoldCauses } from "./causes/rollout-hold-causes.ts";
import { startCauses } from "./causes/start-causes.ts";
import { healthCauses } from "./causes/health-causes.ts";
import { duplicateCauses, tryingAgainCauses, unfinishedCauses } from "./causes/writing-causes.ts";
import type { Cause, ExplainFacts } from "./facts.ts";
import { stateWords } from "./states.ts";

/** Why a machine makes no progress, the most important cause first. Pure. */
export function explainCauses(facts: ExplainFacts): Cause[] {
  const { state } = facts.record;
  const causes = [
    ...databaseCauses(facts),
    ...enrollmentCauses(facts),
    ...bootWindowCauses(facts),
    ...netbootCauses(facts),
    ...controllerCauses(facts),
    ...startCauses(facts),
    ...duplicateCauses(facts),
    ...tryingAgainCauses(facts),
    ...stateWords(state.state).causes(facts),
    ...refusalCauses(facts),
    ...unfinishedCauses(facts),
    ...healthCauses(facts),
    ...listingCauses(facts),
    ...rolloutHoldCauses(facts),
  ];
  if (state.deadlineMissedAt !== undefined || (state.deadline !== undefined && state.deadline < facts.now)) {
    causes.push({
      kind: "deadline-missed",
      text: `it has been in this state longer than expected, since ${state.deadline?.toISOString() ?? "some time"}`,
    });
  }
  return causes;
}
