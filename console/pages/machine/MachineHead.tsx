import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Suspense, type ReactNode } from "react";
import { Link } from "react-router";
import { MachineStateOwner, type Machine, type Standing } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { durationText } from "../../../src/lib/format/duration.ts";
import { machineNameOrId } from "../../commands/command.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { Age } from "../../parts/Age.tsx";
import { Digest } from "../../parts/Digest.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { MachineStateBadge } from "../../parts/MachineStateBadge.tsx";
import { useServerNow } from "../../parts/server-clock.ts";
import { paths } from "../../paths.ts";
import { Bar } from "../../ui/Bar.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { lazyPart } from "../../layout/lazy-part.ts";

const MachineCommands = lazyPart(async () => (await import("./MachineCommands.tsx")).MachineCommands);

const owners: Record<MachineStateOwner, string> = {
  [MachineStateOwner.UNSPECIFIED]: "unknown",
  [MachineStateOwner.OPERATOR]: "an operator",
  [MachineStateOwner.AGENT]: "its agent",
  [MachineStateOwner.SHEPHERD]: "a shepherd",
  [MachineStateOwner.SERVER]: "the server",
};

/** A machine's name, state and next step, and what can be done with it. */
export function MachineHead({ machine }: { machine: Machine }): ReactNode {
  const { standing, labels, provided } = machine;
  const place = [provided?.provider, provided?.location, provided?.address].filter(Boolean).join(", ");
  return (
    <PageHead
      title={machineNameOrId(machine)}
      actions={
        <Suspense fallback={<span className="h-7" />}>
          <MachineCommands machine={machine} />
        </Suspense>
      }
    >
      <p className="text-dim flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
        <Link to={paths.machines()} className="hover:underline">
          all machines
        </Link>
        <Digest digest={machine.id} what="the id" />
        {place === "" ? null : <ForeignText text={place} />}
      </p>
      {standing === undefined ? null : (
        <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
          <MachineStateBadge state={standing.state} overdue={standing.deadlineMissedAt !== undefined} />
          <span>
            since <Age at={standing.since} />
          </span>
          <Deadline standing={standing} />
          <span>
            <span className="text-dim">moved on by</span> {owners[standing.owner]}
          </span>
        </div>
      )}
      {standing === undefined || standing.nextStep === "" ? null : (
        <p className="mt-1 text-sm">
          <span className="text-dim">next:</span> <ForeignText text={standing.nextStep} />
        </p>
      )}
      {Object.keys(labels).length === 0 ? null : (
        <ul aria-label="Labels" className="mt-2 flex flex-wrap gap-1">
          {Object.entries(labels).map(([key, value]) => (
            <li key={key} className="max-w-full">
              <Link to={paths.machines({ labels: [`${key}=${value}`] })}>
                <Chip>
                  {key}={value}
                </Chip>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </PageHead>
  );
}

/** The time until the state should be left, as a bar that fills. */
function Deadline({ standing }: { standing: Standing }): ReactNode {
  const now = useServerNow();
  const { since, deadline } = standing;
  if (since === undefined || deadline === undefined || now === undefined) {
    return null;
  }
  const [begin, end] = [timestampMs(since), timestampMs(deadline)];
  const left = end - now.getTime();
  const share = end <= begin ? 1 : Math.min(1, Math.max(0, (now.getTime() - begin) / (end - begin)));
  const words = left > 0 ? `${durationText(left, 1)} left` : `overdue for ${durationText(-left, 1)}`;
  return (
    <span className="flex w-56 items-center gap-2">
      <span className="grow">
        <Bar share={share} label="Time in this state" words={words} />
      </span>
      <span className={left > 0 ? "whitespace-nowrap" : "text-bad whitespace-nowrap"}>{words}</span>
    </span>
  );
}
