import { Worker } from "node:worker_threads";
import { readyId, type TemplateAnswer, type TemplateTask } from "./template-words.ts";

/** Renders templates in a thread of its own. */
export interface TemplateRenderer extends AsyncDisposable {
  /** Checks and renders one; one after another. Never rejects: what goes wrong is the template's problem. */
  render(task: Omit<TemplateTask, "id">): Promise<TemplateAnswer>;
}

/** Milliseconds of processor time for one template. A usual one takes less than one. */
const timeLimit = 3_000;
/** How many times as long it may take by the clock: on a busy host a thread gets little of the processor. */
const clockTimes = 10;
/** Milliseconds for the thread's start. */
const startLimit = 30_000;
/** Templates that wait for their turn. */
const waitingMost = 500;
/** MiB of the thread's heap. */
const memoryLimit = 64;
const code = new URL(`template-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

interface AnswerLimit {
  /** Milliseconds: of processor time if `used` tells it, by the clock otherwise. */
  time: number;
  /** What is said when it is over. */
  late: string;
  used?: () => Promise<number>;
}

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
  function answerOf(running: Worker, id: number, limit: AnswerLimit): Promise<TemplateAnswer> {
    return new Promise((resolve, reject) => {
      let checks = 0;
      const check = async (): Promise<void> => {
        checks += 1;
        // A thread that is ending has no figure any more: what ends it settles this.
        const used = await limit.used?.().catch(() => 0);
        if (used === undefined || used >= limit.time || checks >= clockTimes) {
          reject(new Error(limit.late));
          return;
        }
        timer = setTimeout(() => void check(), limit.time);
      };
      let timer = setTimeout(() => void check(), limit.time);
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
      const thread = running;
      const before = await processorTime(thread);
      const used = async (): Promise<number> => (await processorTime(thread)) - before;
      const answer = answerOf(thread, task.id, { time, late: `it takes longer than ${time / 1000} s`, used });
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

/** Milliseconds of processor time that a thread has used. */
async function processorTime(thread: Worker): Promise<number> {
  const { user, system } = await thread.cpuUsage();
  return (user + system) / 1_000;
}

function busy(id: number, why: string): TemplateAnswer {
  return { id, problem: `${why}: try again later`, undefinedVariable: false, busy: true };
}
