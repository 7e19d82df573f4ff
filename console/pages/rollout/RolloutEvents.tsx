import type { ReactElement } from "react";
import type { RolloutEvent } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";

/** Events that are shown; the server keeps more. */
const shownMost = 100;

/** What happened to a rollout, newest first. */
export function RolloutEvents({ events }: { events: readonly RolloutEvent[] }): ReactElement {
  return (
    <section aria-labelledby="events" className="flex flex-col gap-2">
      <h2 id="events">What happened</h2>
      <ol className="flex flex-col gap-1 text-sm">
        {events.map(({ at, event, actor, detail }, index) => (
          // Two events may have the same time.
          <li
            key={`${String(at?.seconds)} ${event} ${String(events.length - index)}`}
            className="flex flex-wrap gap-x-2"
          >
            <span className="font-medium">{event.replaceAll("_", " ")}</span>
            <span className="text-dim">
              <Age at={at} /> by <ForeignText text={actor} />
            </span>
            {detail === "" ? null : <ForeignText text={detail} />}
          </li>
        ))}
      </ol>
      {events.length < shownMost ? null : <p className="text-dim text-sm">The latest {shownMost} are shown.</p>}
    </section>
  );
}
