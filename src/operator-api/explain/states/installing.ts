import { bytesText } from "../../../lib/format/bytes.ts";
import { durationText } from "../../../lib/format/duration.ts";
import { agentCauses } from "../causes/agent-causes.ts";
import { providerCauses } from "../causes/provider-causes.ts";
import { recordTitle, type Cause, type ExplainFacts } from "../facts.ts";
import { cancelRemedy, quarantineRemedy } from "./remedy.ts";
import type { StateWords, StepFacts } from "./state-words.ts";

/** Milliseconds after which missing progress is reported: byte counts come several times a minute. */
const stalledAfter = 120_000;

/** The agent has begun, and reports its progress. */
export const installingWords: StateWords<"installing"> = {
  owner: () => "agent",
  step: (facts) => {
    const { state } = facts.record;
    return {
      waitingFor: `its agent to finish generation ${state.generation ?? "?"} (${state.phase ?? "unknown phase"}, ${bytes(state)})`,
      next: tryingAgain(facts) ?? "the agent reports the next phase, and finally the result",
    };
  },
  causes: (facts) => [...progressCauses(facts), ...agentCauses(facts), ...providerCauses(facts)],
  remedies: ({ record }) => [
    `follow it: \`farrier machine show ${recordTitle(record)}\``,
    `read the agent's log: \`farrier machine log ${recordTitle(record)}\``,
    cancelRemedy(record),
    quarantineRemedy(record),
  ],
};

function tryingAgain({ record: { installation } }: StepFacts): string | undefined {
  const { lastError = "", givesUpAt } = installation?.progress ?? {};
  if (installation?.pending !== true || lastError === "") {
    return undefined;
  }
  return givesUpAt === undefined
    ? "the agent retries until it succeeds"
    : `the agent retries until ${givesUpAt.toISOString()}; then it gives up, and the installation fails`;
}

function progressCauses({ record, now }: ExplainFacts): Cause[] {
  const progress = record.installation?.progress;
  const quiet = progress === undefined ? 0 : now.getTime() - progress.at.getTime();
  return progress === undefined || quiet < stalledAfter
    ? []
    : [
        {
          kind: "progress-stalled",
          text: `no progress was reported for ${durationText(quiet)}; the last was ${progress.phase}, ${bytesText(progress.bytesDone)}`,
        },
      ];
}

function bytes({ bytesDone, bytesTotal }: { bytesDone: bigint; bytesTotal: bigint }): string {
  return bytesTotal === 0n
    ? bytesText(bytesDone)
    : `${bytesText(bytesDone)} of ${bytesText(bytesTotal)}, ${(bytesDone * 100n) / bytesTotal} %`;
}
