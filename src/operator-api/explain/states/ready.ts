import { agentCauses } from "../causes/agent-causes.ts";
import { withClaims } from "./agent-comes.ts";
import { installRemedy, quarantineRemedy } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** Its agent waits for a request. */
export const readyWords: StateWords<"ready"> = {
  owner: () => "operator",
  step: (facts) =>
    withClaims({ waitingFor: "an installation request", next: "none by itself: request an installation" }, facts),
  causes: agentCauses,
  remedies: ({ record }) => [installRemedy(record), quarantineRemedy(record)],
};
