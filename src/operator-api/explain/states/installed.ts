import { finalCauses } from "../causes/final-causes.ts";
import { recordTitle, type Cause, type ExplainFacts } from "../facts.ts";
import { installRemedy, quarantineRemedy } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** The image is on the disk, and no request is pending. */
export const installedWords: StateWords<"installed"> = {
  owner: () => "operator",
  step: ({ record, claims = [], bootOverride }) =>
    claims.some(({ weak }) => weak !== true)
      ? {
          waitingFor:
            "an operator: an agent runs on what looks like this machine, instead of its system, and waits for approval",
          next: "none by itself: approve that agent, or make it a new machine; a network interface or the board may have been replaced",
        }
      : bootOverride !== undefined
        ? {
            waitingFor: "a shepherd to remove the boot override from its controller",
            next: `a shepherd tries again after ${bootOverride.nextAt.toISOString()}; until then its controller may send it to the network at its next boot`,
          }
        : {
            waitingFor: "nothing",
            next: `none: the image is on the disk; ${systemText(record)}`,
          },
  causes: (facts) => [...finalCauses(facts), ...unaskedCauses(facts)],
  remedies: ({ record }) => [
    "check whether the installed system came up: log in to it, or look at the machine's console",
    `read the agent's log of the installation: \`farrier machine log ${recordTitle(record)}\``,
    installRemedy(record),
    quarantineRemedy(record),
  ],
};

/** What is known of the installed system. Pure. */
function systemText({ cameUp, installed }: ExplainFacts["record"]): string {
  const report = cameUp?.report;
  return report !== undefined && report.generation === installed?.generation
    ? `its system reported at ${report.heardAt.toISOString()} that it came up`
    : "nobody watches whether the installed system comes up";
}

/** Why a report that the request expects was not waited for. Pure. */
function unaskedCauses({ record: { cameUp } }: ExplainFacts): Cause[] {
  switch (cameUp?.expected?.unasked) {
    case undefined:
      return [];
    case "listener":
      return [
        {
          kind: "report-not-expected",
          text: "its profile expects a report that the system came up, but no server listened for one when it was requested: start the server with --came-up",
        },
      ];
    case "agent":
      return [
        {
          kind: "report-not-expected",
          text: "its profile expects a report that the system came up, but the agent that installed it can't ask for one: start agents with a boot image of this version",
        },
      ];
  }
}
