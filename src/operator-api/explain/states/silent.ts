import { finalCauses } from "../causes/final-causes.ts";
import { silenceCauses } from "../causes/silence-causes.ts";
import { recordTitle } from "../facts.ts";
import { historyRemedy, installRemedy, quarantineRemedy } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** The image is on the disk, and its system did not report in time that it came up. */
export const silentWords: StateWords<"silent"> = {
  owner: () => "operator",
  step: () => ({
    waitingFor: "the installed system to report that it came up; the time for it is over",
    next: "none by itself: look at the machine's console. A late report still counts. Nothing is installed again",
  }),
  causes: (facts) => [...silenceCauses(facts), ...finalCauses(facts)],
  remedies: ({ record }) => [
    `log in to it, or look at the machine's console; \`farrier machine log ${recordTitle(record)}\` has the end of its installation`,
    historyRemedy(record),
    installRemedy(record),
    quarantineRemedy(record),
  ],
};
