// A change that is answered with 202 goes on in a task, which is looked at until it ends (rows 39 to 41).
import { ControllerError } from "../controller.ts";
import { AnswerError } from "./answer-error.ts";
import { type JsonObject, linkAt, textOf } from "./json.ts";
import { messagesOf, spoken } from "./messages.ts";
import { type Patience, rounds } from "./patience.ts";
import { replyJson } from "./reply-json.ts";
import type { ChangeReply, RedfishService } from "./service.ts";
import { taskStep } from "./task-step.ts";

/** Milliseconds in which a task that was just made may not be there yet (row 26). */
const appearsWithin = 20_000;

/**
 * Returns when the task of a change has ended well, or when there is none that could be found: what came of the change is
 * then seen by reading it back.
 * @throws {ControllerError} `refused` when it failed, `not_done` when it took too long
 */
export async function taskEnd(
  service: RedfishService,
  reply: ChangeReply,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  if (reply.status !== 202) {
    return;
  }
  let link = taskLink(reply) ?? (await newestTask(service, signal));
  if (link === undefined) {
    return;
  }
  const begun = service.clock.monotonic();
  let seen = false;
  let last: JsonObject = {};
  for await (const _ of rounds(service.clock, patience, signal)) {
    const answer = await service.look(link, signal);
    if (answer.status === 404 || answer.status === 410) {
      // A task that has been seen is gone because it ended.
      if (seen || service.clock.monotonic() - begun > appearsWithin) {
        return;
      }
      continue;
    }
    seen = true;
    last = replyJson(answer);
    const step = taskStep(answer.status, last);
    if (step.kind === "ended") {
      return;
    }
    if (step.kind === "failed") {
      const messages = messagesOf(last);
      const words = spoken(messages) ?? "it says no more";
      throw new AnswerError(
        "refused",
        `the task ${link} of ${service.origin} failed (${step.state}); it says: ${words}`,
        {
          status: 400,
          messages,
          passing: false,
        },
      );
    }
    link = step.kind === "moved" ? service.own(step.link) : link;
  }
  throw new ControllerError(
    "not_done",
    `the task ${link} of ${service.origin} is still ${textOf(last["TaskState"]) ?? "running"} after ${Math.round(patience.total / 1000)} s`,
  );
}

/** The task rather than its monitor: reading a finished monitor deletes the task with some (row 40). */
function taskLink({ body, location }: ChangeReply): string | undefined {
  const inBody = linkAt({ task: body }, "task");
  const isTask = body["TaskState"] !== undefined || /Task|Job/u.test(textOf(body["@odata.type"]) ?? "");
  return isTask && inBody !== undefined ? inBody : (location ?? inBody);
}

/** Some name the task nowhere: then the newest of all that has not ended (row 39). */
async function newestTask(service: RedfishService, signal: AbortSignal): Promise<string | undefined> {
  const root = await service.root(signal);
  const tasks = await service.find(linkAt(root.body, "Tasks"), signal);
  const collection = linkAt(tasks?.body, "Tasks");
  if (collection === undefined) {
    return undefined;
  }
  const links = (await service.members(collection, signal)).slice(-20);
  const running = [];
  for (const link of links) {
    const task = await service.find(link, signal);
    if (task !== undefined && taskStep(200, task.body).kind === "running") {
      running.push({ link, began: textOf(task.body["StartTime"]) ?? "" });
    }
  }
  return running.toSorted((one, other) => one.began.localeCompare(other.began)).at(-1)?.link;
}
