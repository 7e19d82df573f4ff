// What this tab has sent, until it has an end: shown by the drawer on all pages.
import { useSyncExternalStore } from "react";

/** A command, for one machine or many, from when it is sent. */
export interface Activity {
  /** Its request id. */
  id: string;
  /** "Install debian-13 on web1". */
  title: string;
  state: "sending" | "trying-again" | "done" | "failed" | "stopped";
  /** Machines. */
  all: number;
  done: number;
  failed: number;
  /** The answer's sentence, or the error. */
  text: string;
  /** Where it can be looked at. */
  to?: string;
}

let activities: readonly Activity[] = [];
const listeners = new Set<() => void>();
/** Entries that are kept; of more, the oldest that have ended go. */
const kept = 30;

/** Adds an activity, or changes that with the same id. */
export function activitySet(activity: Activity): void {
  const others = activities.filter(({ id }) => id !== activity.id);
  const known = others.length < activities.length;
  const all = known ? activities.map((one) => (one.id === activity.id ? activity : one)) : [activity, ...others];
  activities = all.filter((one, index) => index < kept || isActive(one));
  listeners.forEach((listener) => listener());
}

/** Removes those that have ended. */
export function activitiesClear(): void {
  activities = activities.filter(isActive);
  listeners.forEach((listener) => listener());
}

/** Whether it has not ended yet. Pure. */
export function isActive({ state }: Pick<Activity, "state">): boolean {
  return state === "sending" || state === "trying-again";
}

/** All activities, the newest first. */
export function useActivities(): readonly Activity[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => activities,
  );
}
