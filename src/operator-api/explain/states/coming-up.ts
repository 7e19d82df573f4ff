import { finalCauses } from "../causes/final-causes.ts";
import { recordTitle } from "../facts.ts";
import { historyRemedy, installRemedy, quarantineRemedy } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** The image is on the disk, and its system is expected to report that it came up. */
export const comingUpWords: StateWords<"coming-up"> = {
  owner: () => "server",
  step: ({ record: { state } }) => ({
    waitingFor: "the installed system to report that it came up",
    next: `it reports by itself once it runs${
      state.deadline === undefined ? "" : `; without a report until ${state.deadline.toISOString()} it counts as silent`
    }`,
  }),
  causes: finalCauses,
  remedies: ({ record }) => [
    `wait, and see what it is and since when: \`farrier machine show ${recordTitle(record)}\``,
    historyRemedy(record),
    installRemedy(record),
    quarantineRemedy(record),
  ],
};
