import type { ReactElement, ReactNode } from "react";
import { Link } from "react-router";
import type { Rollout } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { durationText } from "../../../src/lib/format/duration.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { LookBadge } from "../../parts/LookBadge.tsx";
import { RolloutCounts } from "../../parts/RolloutCounts.tsx";
import { rolloutStateLook } from "../../parts/rollout-looks.ts";
import { ToldText } from "../../parts/ToldText.tsx";
import { paths } from "../../paths.ts";

/** How far a rollout is, what it waits for, and how it was made. */
export function RolloutFacts({ rollout }: { rollout: Rollout }): ReactElement {
  const { state, stateSince, counts, note, profile, waves, parallel, window: hours, expectedSeconds } = rollout;
  const stops = stopsWords(rollout);
  return (
    <section aria-label="How far it is" className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <LookBadge look={rolloutStateLook(state)} />
        <span className="text-dim text-sm">
          <Age at={stateSince} />
        </span>
        {note === "" ? null : <ToldText text={note} />}
      </div>
      <RolloutCounts counts={counts} />
      <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm">
        <Fact title="Profile">
          <Link to={paths.profile(profile.split("@")[0] ?? "")} className="text-accent hover:underline">
            <ForeignText text={profile} />
          </Link>
        </Fact>
        <Fact title="Waves">
          {waves.map((size) => (size === 0 ? "the rest" : size.toLocaleString("en"))).join(", ")}
        </Fact>
        <Fact title="At a time">at most {parallel.toLocaleString("en")}</Fact>
        {stops === "" ? null : <Fact title="Stops after">{stops}</Fact>}
        {hours === undefined ? null : (
          <Fact title="Window">
            {hours.from} to {hours.to}, <ForeignText text={hours.timeZone} />
          </Fact>
        )}
        {expectedSeconds === 0 ? null : <Fact title="One takes">about {durationText(expectedSeconds * 1_000)}</Fact>}
        <Fact title="Created">
          <Age at={rollout.createdAt} /> by <ForeignText text={rollout.createdBy} />, planned{" "}
          <Age at={rollout.plannedAt} />
        </Fact>
        {rollout.startedAt === undefined ? null : (
          <Fact title="Started">
            <Age at={rollout.startedAt} />
          </Fact>
        )}
        {rollout.endedAt === undefined ? null : (
          <Fact title="Ended">
            <Age at={rollout.endedAt} />
          </Fact>
        )}
      </dl>
    </section>
  );
}

/** After which failures no more machines are begun. Pure. */
function stopsWords({ stopAfter, stopAfterPercent }: Rollout): string {
  if (stopAfter > 0) {
    return stopAfter === 1 ? "1 failure" : `${stopAfter} failures`;
  }
  return stopAfterPercent > 0 ? `${stopAfterPercent} % failures` : "";
}

function Fact({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <>
      <dt className="text-dim">{title}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}
