import type { MetricObject, Registry } from "prom-client";
import { workerVariable, type ParentMessage, type WorkerMessage } from "./server-workers.ts";

/** A worker's connection to its parent. */
export interface WorkerLine {
  ready(addresses: { agents: string; operators: string }): void;
  /** The metrics of all workers together, in the Prometheus text format. */
  metricsOfAll(): Promise<string>;
}

/** The connection in a process that serverWorkers started; undefined in any other. */
export function workerLine(): WorkerLine | undefined {
  if (process.env[workerVariable] === undefined || process.send === undefined) {
    return undefined;
  }
  const waiting = new Map<number, (text: string) => void>();
  let asked = 0;
  const send = (message: WorkerMessage): void => {
    process.send?.(message);
  };
  process.on("message", (message: ParentMessage) => {
    if (message.kind === "metrics-of-all") {
      waiting.get(message.id)?.(message.text);
      waiting.delete(message.id);
    }
  });
  // Without its parent nothing would restart or stop it.
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  return {
    ready: (addresses) => send({ kind: "ready", ...addresses }),
    metricsOfAll: () =>
      new Promise((resolve) => {
        asked += 1;
        waiting.set(asked, resolve);
        send({ kind: "metrics-of-all", id: asked });
      }),
  };
}

/** Answers the parent's requests for this worker's own metrics. */
export function answerMetrics(registry: Registry): void {
  process.on("message", (message: ParentMessage) => {
    if (message.kind === "metrics") {
      void registry.getMetricsAsJSON().then((metrics: MetricObject[]) => {
        process.send?.({ kind: "metrics", id: message.id, metrics } satisfies WorkerMessage);
      });
    }
  });
}
