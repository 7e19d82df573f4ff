// The thread that renders templates: it can be ended, and its memory is bounded.
import { parentPort } from "node:worker_threads";
import { templateDo } from "./template-do.ts";
import { readyId, type TemplateAnswer, type TemplateTask } from "./template-words.ts";

parentPort?.on("message", (task: TemplateTask) => {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(templateDo(task));
});

// It has loaded everything: the time of the first template begins.
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage({ id: readyId, text: "" } satisfies TemplateAnswer);
