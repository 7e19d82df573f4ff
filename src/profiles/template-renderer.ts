import { Worker } from "node:worker_threads";
import { readyId, type TemplateAnswer, type TemplateTask } from "./template-words.ts";

/** Renders templates in a thread of its own. */
export interface TemplateRenderer extends AsyncDisposable {
  /** Checks and renders one; one after another. Never rejects: what goes wrong is the template's problem. */
  render(task: Omit<TemplateTask, "id">): Promise<TemplateAnswer>;
}

/** Milliseconds for one template, from its turn on, while the thread is there. A usual one takes less than one. */
const timeLimit = 3_000;
/** Milliseconds for the thread's start. */
const startLimit = 30_000;
/** Templates that wait for their turn. */
const waitingMost = 500;
/** MiB of the thread's heap. */
const memoryLimit = 64;
const code = new URL(`template-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** The thread is started when the first template comes, and again after a template that had to be ended. */
export function templateRenderer(
  limits: { time?: number; memory?: number; waiting?: number; script?: URL } = {},
): TemplateRenderer {
  const { time = timeLimit, memory = memoryLimit, waiting: most = waitingMost, script = code } = limits;
  let worker: Worker | undefined;
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let count = 0;

  function start(): Worker {
    const started = new Worker(script, {
      resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
      env: {},
      argv: [],
      stdin: false,
    });
    return started;
  }

  /** Resolves to the thread's answer with this id; a failing thread rejects it. */
  function answerOf(running: Worker, id: number, limit: { time: number; late: string }): Promise<TemplateAnswer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(limit.late)), limit.time);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        act();
      };
      running.removeAllListeners();
      running.on("message", (answer: TemplateAnswer) => {
        if (answer.id === id) {
          settle(() => resolve(answer));
        }
      });
      running.on("error", (error: Error & { code?: string }) =>
        settle(() =>
          reject(
            new Error(
              error.code === "ERR_WORKER_OUT_OF_MEMORY" ? `it takes more than ${memory} MiB of memory` : error.message,
            ),
          ),
        ),
      );
      running.on("exit", () => settle(() => reject(new Error("the thread that renders it ended"))));
    });
  }

  async function one(task: TemplateTask): Promise<TemplateAnswer> {
    let running: Worker | undefined = worker;
    let isStarted = running !== undefined;
    try {
      if (running === undefined) {
        running = start();
        const late = `the thread that renders templates did not start within ${startLimit / 1000} s`;
        await answerOf(running, readyId, { time: startLimit, late });
        isStarted = true;
        worker = running;
      }
      running.ref();
      const answer = answerOf(running, task.id, { time, late: `it takes longer than ${time / 1000} s` });
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      running.postMessage(task);
      return await answer;
    } catch (error) {
      worker = undefined;
      running?.removeAllListeners();
      // An error of a thread that is being ended concerns nothing any more.
      running?.on("error", () => undefined);
      await running?.terminate();
      const problem = error instanceof Error ? error.message : String(error);
      return isStarted
        ? { id: task.id, problem, undefinedVariable: false }
        : busy(task.id, `templates can't be rendered now (${problem})`);
    } finally {
      worker?.unref();
    }
  }

  return {
    render: (task) => {
      count += 1;
      const numbered = { ...task, id: count };
      if (waiting >= most) {
        return Promise.resolve(busy(count, `${waiting} templates wait to be rendered`));
      }
      waiting += 1;
      const answer = turn
        .then(() => one(numbered))
        .finally(() => {
          waiting -= 1;
        });
      turn = answer;
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      await turn;
      await worker?.terminate();
    },
  };
}

function busy(id: number, why: string): TemplateAnswer {
  return { id, problem: `${why}: try again later`, undefinedVariable: false, busy: true };
}
