import type { ReactElement } from "react";
import { Link } from "react-router";
import { ForeignText } from "../parts/ForeignText.tsx";
import { paths } from "../paths.ts";
import { Bar } from "../ui/Bar.tsx";
import { Button } from "../ui/Button.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { activityCounts, activityStop, isActive, type Activity, type ActivityMachine } from "./activity.ts";
import { errorGroups } from "./run-many.ts";

/** Machines of a group that are named; of more, the number. */
const named = 50;

/** What a {@link ManyResults} takes. */
export interface ManyResultsProps {
  activity: Activity;
  /** Sends again for those that failed or are left; left out where they can't be. */
  onRetry?: (machineIds: readonly string[]) => void;
}

/** The results of a command for many machines: how far it is, what failed by error, what is left as commands to copy. */
export function ManyResults({ activity, onRetry }: ManyResultsProps): ReactElement {
  const { machines } = activity;
  const counts = activityCounts(activity);
  const ended = counts.done + counts.failed + counts.left;
  const open = machines.filter(({ step }) => step !== "done");
  const again = machines.filter(({ step }) => step === "failed" || step === "left");
  const active = isActive(activity);
  return (
    <div className="flex flex-col gap-2 text-sm">
      <Bar
        share={machines.length === 0 ? 1 : ended / machines.length}
        label={activity.title}
        tone={counts.failed > 0 ? "warn" : "good"}
      />
      <p role="status">
        {counts.done} done, {counts.failed} failed
        {counts.left > 0 ? `, ${counts.left} not sent` : ""}
        {active ? `, ${counts.waiting + counts.sending + counts["trying-again"]} to go` : ""}
      </p>
      {errorGroups(
        machines.filter(({ step }) => step === "failed"),
        ({ text }) => text,
      ).map(({ error, entries }) => (
        <FailedGroup key={error} error={error} machines={entries} />
      ))}
      <div className="flex flex-wrap gap-2">
        {active ? (
          <Button
            refused={activity.stopped ? "no further machine is begun" : undefined}
            onClick={() => activityStop(activity.id)}
          >
            Stop
          </Button>
        ) : null}
        {active || again.length === 0 || onRetry === undefined ? null : (
          <Button icon="recover" onClick={() => onRetry(again.map(({ machineId }) => machineId))}>
            Try the {again.length} again
          </Button>
        )}
        {open.length === 0 ? null : (
          <CopyButton
            kind="plain"
            label={`Copy ${open.length} commands`}
            what="what is left, as commands"
            text={() => open.map(({ cli }) => cli).join("\n")}
          />
        )}
      </div>
    </div>
  );
}

function FailedGroup({ error, machines }: { error: string; machines: readonly ActivityMachine[] }): ReactElement {
  return (
    <section aria-label={`${machines.length} failed`} className="rounded-md border border-bad px-2 py-1">
      <p className="text-bad">
        <strong>{machines.length}</strong> failed: <ForeignText text={error} lines />
      </p>
      <ul className="flex flex-wrap gap-x-3">
        {machines.slice(0, named).map(({ machineId, title }) => (
          <li key={machineId}>
            <Link to={paths.machine(machineId)} className="text-accent underline">
              <ForeignText text={title} />
            </Link>
          </li>
        ))}
        {machines.length > named ? <li>and {machines.length - named} more</li> : null}
      </ul>
    </section>
  );
}
