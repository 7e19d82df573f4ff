import { type JsonObject, textOf } from "./json.ts";
import { messagesOf } from "./messages.ts";

/** How a task stands. */
export type TaskStep =
  | { kind: "running" }
  | { kind: "ended" }
  | { kind: "failed"; state: string }
  /** It goes on elsewhere: Dell's tasks become jobs (row 41). */
  | { kind: "moved"; link: string };

const failures =
  /^(?:Exception|Killed|Cancelled|Cancelling|Interrupted|Failed|CompletedWithErrors|Invalid|UserIntervention)$/u;
/** A scheduled job waits for the next start of the machine: what was asked is accepted. */
const ends = /^(?:Completed|Scheduled|Pending)$/u;

/** How a task, a job or a task's monitor stands by its answer. Pure. */
export function taskStep(status: number, body: JsonObject): TaskStep {
  const moved = messagesOf(body).find(({ id }) => id === "OperationTransitionedToJob");
  const link = moved?.args.find((argument) => argument.startsWith("/"));
  if (link !== undefined) {
    return { kind: "moved", link };
  }
  const state = textOf(body["TaskState"]) ?? textOf(body["JobState"]);
  if (state === undefined) {
    // A monitor answers 202 while the task runs, and at its end with what the change would have answered.
    if (status === 202) {
      return { kind: "running" };
    }
    return status < 300 ? { kind: "ended" } : { kind: "failed", state: String(status) };
  }
  if (failures.test(state)) {
    return { kind: "failed", state };
  }
  if (ends.test(state)) {
    return textOf(body["TaskStatus"]) === "Critical" ? { kind: "failed", state } : { kind: "ended" };
  }
  return { kind: "running" };
}
