import { finalCauses } from "../causes/final-causes.ts";
import { silenceCauses } from "../causes/silence-causes.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";
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
    `look at the machine's console, or log in to it; ${consoleText(record)}`,
    `read the agent's log of the installation: \`farrier machine log ${recordTitle(record)}\``,
    ...restartRemedies(record),
    historyRemedy(record),
    installRemedy(record),
    quarantineRemedy(record),
  ],
};

/** Where the console is: Farrier keeps what lab machines write, and nobody else's. Pure. */
function consoleText(record: MachineRecord): string {
  return record.provided?.provider === "lab"
    ? `on the lab's host: \`farrier lab console ${recordTitle(record)} --lines 40\``
    : "Farrier does not record it, a controller's web page has it";
}

/** How to start its system once more, if something switches its power. Pure. */
function restartRemedies(record: MachineRecord): string[] {
  return record.controller === undefined && record.providing?.power !== true
    ? []
    : [`start its system once more: \`farrier machine power ${recordTitle(record)} cycle --yes\``];
}
