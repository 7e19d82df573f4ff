import { Worker } from "node:worker_threads";
import type { TemplateAnswer, TemplateTask } from "./template-words.ts";

/** Renders templates in a thread of its own. */
export interface TemplateRenderer extends AsyncDisposable {
  /** Checks and renders one; one after another. Never rejects: what goes wrong is the template's problem. */
  render(task: Omit<TemplateTask, "id">): Promise<TemplateAnswer>;
}

/** Milliseconds for one template, from its turn on. A usual one takes less than one. */
const timeLimit = 3_000;
/** MiB of the thread's heap. */
const memoryLimit = 64;
const code = new URL(`template-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** The thread is started when the first template comes, and again after a template that had to be ended. */
export function templateRenderer(limits: { time?: number; memory?: number } = {}): TemplateRenderer {
  const { time = timeLimit, memory = memoryLimit } = limits;
  let worker: Worker | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let count = 0;

  function start(): Worker {
    const started = new Worker(code, {
      resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
      env: {},
      argv: [],
      stdin: false,
    });
    // It does not keep a process alive that has nothing else to do.
    started.unref();
    return started;
  }

  async function one(task: TemplateTask): Promise<TemplateAnswer> {
    const running = (worker ??= start());
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<TemplateAnswer>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`it takes longer than ${time / 1000} s`)), time);
        running.removeAllListeners();
        running.on("message", (answer: TemplateAnswer) => {
          if (answer.id === task.id) {
            resolve(answer);
          }
        });
        running.on("error", (error: Error & { code?: string }) =>
          reject(
            new Error(
              error.code === "ERR_WORKER_OUT_OF_MEMORY" ? `it takes more than ${memory} MiB of memory` : error.message,
            ),
          ),
        );
        running.on("exit", () => reject(new Error("the thread that renders it ended")));
        running.ref();
        // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        running.postMessage(task);
      });
    } catch (error) {
      worker = undefined;
      running.removeAllListeners();
      // An error of a thread that is being ended concerns nothing any more.
      running.on("error", () => undefined);
      await running.terminate();
      return { id: task.id, problem: error instanceof Error ? error.message : String(error), undefinedVariable: false };
    } finally {
      clearTimeout(timer);
      worker?.unref();
    }
  }

  return {
    render: (task) => {
      count += 1;
      const numbered = { ...task, id: count };
      const answer = turn.then(() => one(numbered));
      turn = answer;
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      await turn;
      await worker?.terminate();
    },
  };
}
