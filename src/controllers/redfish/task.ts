// A change that is answered with 202 continues in a task, which is polled until it ends (rows 39 to 41).
import { ControllerError } from "../controller.ts";
import { AnswerError } from "./answer-error.ts";
import { type JsonObject, linkAt, textOf } from "./json.ts";
import { spoken } from "./messages.ts";
import { type Patience, rounds } from "./patience.ts";
import { replyJson } from "./reply-json.ts";
import type { ChangeReply, RedfishService } from "./service.ts";
import { taskStep } from "./task-step.ts";

/** Milliseconds for a task that the answer does not name: it may be of something else, such as a firmware update. */
const guessedFor = 30_000;
/** Milliseconds between the beginning of a task and the answer to its change, at most. */
const changeMost = 10_000;
/** Milliseconds during which a new task may not be readable yet (row 26). */
const appearsWithin = 20_000;

/**
 * Resolves when the task of a change has ended well, or if no task can be found. Without a task, the caller learns the
 * result of the change by reading it back. A task that the answer does not name is only waited for, for a short time:
 * its end says nothing for certain.
 * @throws {ControllerError} `refused` if the task failed, `not_done` if it took too long
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
  const named = taskLink(reply);
  if (named !== undefined) {
    return taskFollow(service, named, patience, signal);
  }
  const guessed = await newestTask(service, reply, signal);
  if (guessed !== undefined) {
    const short = { ...patience, total: Math.min(patience.total, guessedFor) };
    await taskFollow(service, guessed, short, signal).catch((error: unknown) => {
      if (!(error instanceof ControllerError) || !["refused", "not_done"].includes(error.code)) {
        throw error;
      }
    });
  }
}

async function taskFollow(
  service: RedfishService,
  task: string,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  let link = task;
  const begun = service.clock.monotonic();
  let seen = false;
  let last: JsonObject = {};
  for await (const _ of rounds(service.clock, patience, signal)) {
    const answer = await service.look(link, signal);
    if (answer.status === 404 || answer.status === 410) {
      // A task that was seen before has ended and was deleted.
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
      const messages = service.messagesOf(last);
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

/**
 * Prefers the task to its monitor, because some controllers delete the task when its finished monitor is read (row 40).
 */
function taskLink({ body, location }: ChangeReply): string | undefined {
  const inBody = linkAt({ task: body }, "task");
  const isTask = body["TaskState"] !== undefined || /Task|Job/u.test(textOf(body["@odata.type"]) ?? "");
  return isTask && inBody !== undefined ? inBody : (location ?? inBody);
}

/**
 * Finds the newest task that has not ended, for controllers that do not name the change's task (row 39). A task that
 * began before the change, by the controller's own clock, is another one's.
 */
async function newestTask(
  service: RedfishService,
  { answeredAt }: ChangeReply,
  signal: AbortSignal,
): Promise<string | undefined> {
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
    const began = Date.parse(textOf(task?.body["StartTime"]) ?? "");
    const earlier = began < (answeredAt?.getTime() ?? Number.NaN) - changeMost;
    if (task !== undefined && taskStep(200, task.body).kind === "running" && !earlier) {
      running.push({ link, began: Number.isNaN(began) ? 0 : began });
    }
  }
  return running.toSorted((one, other) => one.began - other.began).at(-1)?.link;
}
