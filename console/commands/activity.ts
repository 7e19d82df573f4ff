// What this tab has sent: shown by the drawer on all pages until it is cleared.
import { useSyncExternalStore } from "react";

/** How one machine of an activity stands. */
export type ActivityStep = "waiting" | "sending" | "trying-again" | "done" | "failed" | "left";

/** One machine of an activity. */
export interface ActivityMachine {
  machineId: string;
  title: string;
  /** The command line's line that does the same. */
  cli: string;
  step: ActivityStep;
  /** The answer's sentence, or the error; "" before. */
  text: string;
}

/** A command, for one machine or many, from when it is sent. */
export interface Activity {
  /** Its request id. */
  id: string;
  /** "Quarantine web1". */
  title: string;
  machines: ActivityMachine[];
  /** No further machine is begun. */
  stopped: boolean;
}

const activities: Activity[] = [];
const listeners = new Set<() => void>();
/** Activities that are kept; of more, the oldest that have ended go. */
const kept = 30;
/** Milliseconds between two drawings while many machines change. */
const pause = 250;
let version = 0;
let waiting = false;

/** The activity with this id. */
export function activityFind(id: string): Activity | undefined {
  return activities.find((activity) => activity.id === id);
}

/** Adds an activity, in place of the one with the same id. */
export function activityAdd(activity: Activity): void {
  const at = activities.findIndex(({ id }) => id === activity.id);
  activities.splice(Math.max(0, at), at < 0 ? 0 : 1, activity);
  const over = activities.filter((one, index) => index >= kept && !isActive(one));
  over.forEach((one) => activities.splice(activities.indexOf(one), 1));
  activityChanged();
}

/** Draws what changed in an activity, at most four times a second. */
export function activityChanged(): void {
  if (waiting) {
    return;
  }
  waiting = true;
  draw();
  setTimeout(() => {
    waiting = false;
    draw();
  }, pause);
}

/** Begins no further machine of an activity. */
export function activityStop(id: string): void {
  const activity = activityFind(id);
  if (activity !== undefined) {
    activity.stopped = true;
    activityChanged();
  }
}

/** Removes those that have ended. */
export function activitiesClear(): void {
  const active = activities.filter(isActive);
  activities.splice(0, activities.length, ...active);
  activityChanged();
}

/** Whether it has not ended yet. Pure. */
export function isActive({ machines }: Pick<Activity, "machines">): boolean {
  return machines.some(({ step }) => step === "sending" || step === "waiting" || step === "trying-again");
}

/** Machines by how they stand. Pure. */
export function activityCounts({ machines }: Pick<Activity, "machines">): Record<ActivityStep, number> {
  const counts = { waiting: 0, sending: 0, "trying-again": 0, done: 0, failed: 0, left: 0 };
  machines.forEach(({ step }) => (counts[step] += 1));
  return counts;
}

/** All activities, the newest first; draws anew when one changes. */
export function useActivities(): readonly Activity[] {
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => version,
  );
  return activities;
}

function draw(): void {
  version += 1;
  listeners.forEach((listener) => listener());
}
