import { type JsonObject, textOf } from "./json.ts";
import { messagesOf } from "./messages.ts";

/** The state of a task. */
export type TaskStep =
  | { kind: "running" }
  | { kind: "ended" }
  | { kind: "failed"; state: string }
  /** The work continues under another link: Dell's tasks become jobs (row 41). */
  | { kind: "moved"; link: string };

const failures =
  /^(?:Exception|Killed|Cancelled|Cancelling|Interrupted|Failed|CompletedWithErrors|Invalid|UserIntervention)$/u;
/** States in which the change was accepted. A scheduled or pending job waits for the next start of the machine. */
const ends = /^(?:Completed|Scheduled|Pending)$/u;

/** Reads the state of a task, a job or a task's monitor from its answer. Pure. */
export function taskStep(status: number, body: JsonObject): TaskStep {
  const moved = messagesOf(body).find(({ id }) => id === "OperationTransitionedToJob");
  const link = moved?.args.find((argument) => argument.startsWith("/"));
  if (link !== undefined) {
    return { kind: "moved", link };
  }
  const state = textOf(body["TaskState"]) ?? textOf(body["JobState"]);
  if (state === undefined) {
    // A monitor answers 202 while the task runs. At the end it answers with the result of the change.
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
