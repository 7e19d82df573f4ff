import { useState, type ReactElement } from "react";
import { Link } from "react-router";
import { ForeignText } from "../parts/ForeignText.tsx";
import { paths } from "../paths.ts";
import { Button } from "../ui/Button.tsx";
import { classes } from "../ui/classes.ts";
import { Icon, type IconName } from "../ui/Icon.tsx";
import {
  activitiesClear,
  activityCounts,
  isActive,
  useActivities,
  type Activity,
  type ActivityStep,
} from "./activity.ts";
import { ManyResults } from "./ManyResults.tsx";

const looks: Record<ActivityStep, { icon: IconName; colour: string; word: string }> = {
  waiting: { icon: "hourglass", colour: "text-busy", word: "waiting" },
  sending: { icon: "hourglass", colour: "text-busy", word: "being sent" },
  "trying-again": { icon: "recover", colour: "text-warn", word: "trying again" },
  done: { icon: "check", colour: "text-good", word: "done" },
  failed: { icon: "cross", colour: "text-bad", word: "failed" },
  left: { icon: "pause", colour: "text-dim", word: "not sent" },
};

/** What this tab has sent, at the bottom right of every page; nothing where nothing was sent. */
export function ActivityDrawer(): ReactElement | null {
  const activities = useActivities();
  const [open, setOpen] = useState(false);
  if (activities.length === 0) {
    return null;
  }
  const active = activities.filter(isActive).length;
  return (
    <aside
      aria-label="Activity"
      className="fixed right-3 bottom-2 z-30 flex max-w-[calc(100vw-1.5rem)] flex-col items-end gap-1"
    >
      {open ? (
        <div
          data-popup=""
          className="flex max-h-[60vh] w-[28rem] max-w-full flex-col gap-2 overflow-auto rounded-md border border-line bg-raised p-3"
        >
          {activities.map((activity) => (
            <Entry key={activity.id} activity={activity} />
          ))}
          <Button kind="quiet" onClick={activitiesClear}>
            Remove what has ended
          </Button>
        </div>
      ) : null}
      <Button icon={open ? "down" : "up"} aria-expanded={open} onClick={() => setOpen(!open)}>
        {active === 0 ? "Activity" : `${active} running`}
      </Button>
    </aside>
  );
}

function Entry({ activity }: { activity: Activity }): ReactElement {
  const { machines, title } = activity;
  const [only] = machines;
  if (machines.length !== 1 || only === undefined) {
    const counts = activityCounts(activity);
    return (
      <details className="border-b border-line pb-2" open={isActive(activity) || counts.failed > 0}>
        <summary className="font-medium">
          <ForeignText text={title} />
        </summary>
        <ManyResults activity={activity} />
      </details>
    );
  }
  const look = looks[only.step];
  return (
    <div className="flex gap-2 border-b border-line pb-2 text-sm">
      <span className={classes("pt-0.5", look.colour)}>
        <Icon name={look.icon} size={14} />
      </span>
      <div className="min-w-0">
        <Link to={paths.machine(only.machineId)} className="font-medium hover:underline">
          <ForeignText text={title} />
        </Link>
        <p className="text-dim">
          {look.word}
          {only.text === "" ? "" : ": "}
          <ForeignText text={only.text} />
        </p>
      </div>
    </div>
  );
}
