import { finalCauses } from "../causes/final-causes.ts";
import { recordTitle } from "../facts.ts";
import { installRemedy, quarantineRemedy } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** The image is on the disk, and no request is pending. */
export const installedWords: StateWords<"installed"> = {
  owner: () => "operator",
  step: ({ claims = [], bootOverride }) =>
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
            next: "none: the image is on the disk; nobody watches whether the installed system comes up",
          },
  causes: finalCauses,
  remedies: ({ record }) => [
    "check whether the installed system came up: log in to it, or look at the machine's console",
    `read the agent's log of the installation: \`farrier machine log ${recordTitle(record)}\``,
    installRemedy(record),
    quarantineRemedy(record),
  ],
};
