import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Whether a server has lived long enough for an agent's silence to count. Pure. */
export function serverCauses({ serverSince, now, silence: { started } }: ExplainFacts): Cause[] {
  if (serverSince === undefined) {
    return [{ kind: "no-server", text: "no server lives that could hear agents" }];
  }
  const lived = now.getTime() - serverSince.getTime();
  return lived >= started
    ? []
    : [
        {
          kind: "no-server",
          text:
            `a server has been there to hear agents for ${durationText(lived)} only: silence counts after ` +
            durationText(started),
        },
      ];
}

/** Whether a shepherd lives. Pure. */
export function shepherdCauses({ shepherd, record }: ExplainFacts): Cause[] {
  return shepherd || record.provided === undefined
    ? []
    : [{ kind: "no-shepherd", text: "no shepherd lives: nobody starts agents or recovers machines" }];
}

/** The sessions past their deadline that hold work on the machine. Pure. */
export function workCauses({ record, now }: ExplainFacts): Cause[] {
  return record.work
    .filter(({ deadline }) => deadline < now)
    .map((work) => ({
      kind: "session-lost",
      text: `the session that holds ${work.process} (${work.runtimeInfo}) is past its deadline since ${work.deadline.toISOString()}: a janitor collects it`,
    }));
}
