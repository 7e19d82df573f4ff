import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Whether a server has been alive long enough for an agent's silence to count. Pure. */
export function serverCauses({ serverSince, now, silence: { started } }: ExplainFacts): Cause[] {
  if (serverSince === undefined) {
    return [{ kind: "no-server", text: "no server is alive to receive heartbeats" }];
  }
  const lived = now.getTime() - serverSince.getTime();
  return lived >= started
    ? []
    : [
        {
          kind: "no-server",
          text:
            `a server has been alive for ${durationText(lived)} only: an agent's silence counts after ` +
            durationText(started),
        },
      ];
}

/** Whether a shepherd is alive. Pure. */
export function shepherdCauses({ shepherd, record }: ExplainFacts): Cause[] {
  return shepherd || record.provided === undefined
    ? []
    : [{ kind: "no-shepherd", text: "no shepherd is alive: nobody starts agents or recovers machines" }];
}

/** Sessions past their deadline that hold work on the machine. Pure. */
export function workCauses({ record, now }: ExplainFacts): Cause[] {
  return record.work
    .filter(({ deadline }) => deadline < now)
    .map((work) => ({
      kind: "session-lost",
      text: `the session that holds ${work.process} (${work.runtimeInfo}) has been past its deadline since ${work.deadline.toISOString()}: a janitor deletes it`,
    }));
}
