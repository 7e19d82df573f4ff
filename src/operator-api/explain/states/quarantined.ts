import { durationText } from "../../../lib/format/duration.ts";
import { isSecondClaimant } from "../causes/enrollment-causes.ts";
import { recordTitle } from "../facts.ts";
import { historyRemedy, releaseCommand } from "./remedy.ts";
import type { StateWords } from "./state-words.ts";

/** An operator, or Farrier after a second claimant, ordered that the machine be left alone. */
export const quarantinedWords: StateWords<"quarantined"> = {
  owner: () => "operator",
  step: () => ({
    waitingFor: "an operator to release it",
    next: "none by itself: until it is released, nothing is installed on it and no agent is started",
  }),
  causes: ({ now, record: { state } }) => {
    const { quarantine } = state;
    return quarantine === undefined
      ? []
      : [
          {
            kind: isSecondClaimant(quarantine) ? "second-claimant" : "quarantine",
            text: `${quarantine.by} put it in quarantine ${durationText(now.getTime() - quarantine.at.getTime())} ago: ${quarantine.reason}`,
          },
        ];
  },
  remedies: ({ record }) => {
    const { quarantine } = record.state;
    const release = `release it: ${releaseCommand(record)}`;
    return quarantine !== undefined && isSecondClaimant(quarantine)
      ? [
          "find out which of the two is this machine: the history has both keys and their addresses; a machine that was restarted, or " +
            "was not off when its boot window was opened, is a second claimant too",
          `${release}, switch it off, then open another boot window: \`farrier machine boot-window ${recordTitle(record)}\``,
          historyRemedy(record),
        ]
      : [release, historyRemedy(record)];
  },
};
