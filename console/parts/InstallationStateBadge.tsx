import type { ReactElement } from "react";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { installationStateWords } from "../../src/contract/words/installation-state.ts";
import { wordOf } from "../../src/contract/words/table.ts";
import { toneGrounds, type Tone } from "../ui/Chip.tsx";
import { classes } from "../ui/classes.ts";
import { Icon, type IconName } from "../ui/Icon.tsx";

const looks: Record<InstallationState, { icon: IconName; tone: Tone }> = {
  [InstallationState.UNSPECIFIED]: { icon: "info", tone: "idle" },
  [InstallationState.PENDING]: { icon: "hourglass", tone: "busy" },
  [InstallationState.SUCCEEDED]: { icon: "check", tone: "good" },
  [InstallationState.FAILED]: { icon: "cross", tone: "bad" },
  [InstallationState.CANCELLED]: { icon: "close", tone: "idle" },
};

/** The state of an installation request: icon, word, colour. */
export function InstallationStateBadge({ state }: { state: InstallationState }): ReactElement {
  const { icon, tone } = looks[state] ?? looks[InstallationState.UNSPECIFIED];
  return (
    <span
      data-chip=""
      className={classes(
        "inline-flex items-center gap-1 rounded-sm px-1.5 py-0.5 text-xs font-medium whitespace-nowrap",
        toneGrounds[tone],
      )}
    >
      <Icon name={icon} size={13} />
      {wordOf(installationStateWords, state) ?? `state ${String(state)}`}
    </span>
  );
}
