import { bootMeans, meansTitle } from "../../../contract/boot-means.ts";
import type { SurroundingStartFailure } from "../../../database/queries/views/explain.ts";
import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** How a running start of an agent stands: by which means, why, how far; and which means have failed before. Pure. */
export function startCauses(facts: ExplainFacts): Cause[] {
  const { record, start, startFailures = [], now } = facts;
  const running = record.work.some(({ process }) => process === "ShepherdAgentStart");
  const since = (time: Date): string => durationText(now.getTime() - time.getTime());
  return [
    ...(running && start !== undefined && !start.ended
      ? [
          {
            kind: "agent-start" as const,
            text: `an agent is being started by ${startFailureTitle(start.means)} (${start.why}): ${start.step}, for ${since(start.stepAt)}`,
          },
        ]
      : []),
    ...(record.candidate === "ShepherdAgentStart" || running
      ? startFailures.map((failure) => ({ kind: "agent-start" as const, text: failedText(failure, facts) }))
      : []),
  ];
}

/** What failed starts by one means said; without the cause if that is the backoff's, which has its own line. */
function failedText({ means, failures, cause, at }: SurroundingStartFailure, { record, now }: ExplainFacts): string {
  const times = failures === 1 ? "has failed" : `has failed ${failures} times in a row`;
  const last =
    at === undefined
      ? ""
      : `, ${failures === 1 ? "" : "the last time "}${durationText(now.getTime() - at.getTime())} ago`;
  const said =
    cause === undefined ||
    (record.state.state === "backing-off" && record.backoffs.some((backoff) => backoff.cause.endsWith(cause)));
  return `starting an agent by ${startFailureTitle(means)} ${times}${last}${said ? "" : `: ${cause}`}`;
}

/** A means in words; a means of another version by its name. Pure. */
export function startFailureTitle(means: string): string {
  const known = bootMeans.find((one) => one === means);
  return known === undefined ? means : meansTitle(known);
}
