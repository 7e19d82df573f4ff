import { fork, type ChildProcess } from "node:child_process";
import { AggregatorRegistry, type MetricObject } from "prom-client";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { retryDelay } from "../lib/retry.ts";

/** Messages between a worker and its parent. */
export type WorkerMessage =
  | { kind: "ready"; agents: string; operators: string }
  /** Asks for the metrics of all workers together. */
  | { kind: "metrics-of-all"; id: number }
  /** The worker's own metrics, as requested. */
  | { kind: "metrics"; id: number; metrics: MetricObject[] };
export type ParentMessage = { kind: "metrics"; id: number } | { kind: "metrics-of-all"; id: number; text: string };

/** Set in a worker's environment: it shares its ports, and reports to its parent. */
export const workerVariable = "FARRIER_SERVER_WORKER";

/** Milliseconds between restarts of a worker that keeps dying, and for a worker's answer with its metrics. */
const restartPolicy = { initial: 500, maximum: 10_000, factor: 2 };
const metricsTimeout = 2_000;

/**
 * Runs `count` copies of this command as workers that share its ports, and restarts those that die, until stopped.
 * Resolves to the exit status: not 0 if a worker could not start at all.
 */
export async function serverWorkers(options: {
  count: number;
  log: Logger;
  stopped: Promise<NodeJS.Signals>;
  ready: (addresses: { agents: string; operators: string }) => void;
}): Promise<number> {
  const { log } = options;
  const workers = new Set<ChildProcess>();
  let stopping = false;
  const stop = new AbortController();
  let serving = 0;
  const failed = Promise.withResolvers<number>();

  async function keep(): Promise<void> {
    for (let attempt = 0; !stopping; attempt += 1) {
      const begun = systemClock.monotonic();
      const { status, served } = await runOne();
      if (stopping) {
        return;
      }
      if (!served && serving < options.count) {
        // It never served: the reason (a port in use, a schema) will not pass by retrying.
        failed.resolve(status);
        return;
      }
      attempt = systemClock.monotonic() - begun > 60_000 ? 0 : attempt;
      log.error({ status }, "a worker ended; starting another");
      // Aborted by a stop: then there is nothing to start any more.
      await systemClock.sleep(retryDelay(restartPolicy, attempt), stop.signal).catch(() => undefined);
    }
  }

  function runOne(): Promise<{ status: number; served: boolean }> {
    return new Promise((resolve) => {
      const script = process.argv[1] ?? "";
      const worker = fork(script, process.argv.slice(2), { env: { ...process.env, [workerVariable]: "1" } });
      let served = false;
      workers.add(worker);
      worker.on("message", (message: WorkerMessage) => {
        if (message.kind === "ready") {
          served = true;
          serving += 1;
          if (serving === options.count) {
            options.ready(message);
          }
        } else if (message.kind === "metrics-of-all") {
          void metricsOfAll(workers).then((text) => send(worker, { ...message, text }));
        }
      });
      worker.once("exit", (status, signal) => {
        workers.delete(worker);
        resolve({ status: status ?? (signal === null ? 1 : 128), served });
      });
    });
  }

  const kept = Promise.all(Array.from({ length: options.count }, () => keep()));
  const status = await Promise.race([options.stopped.then(() => 0), failed.promise]);
  stopping = true;
  stop.abort();
  for (const worker of workers) {
    worker.kill("SIGTERM");
  }
  await kept;
  return status;
}

let asked = 0;

async function metricsOfAll(workers: ReadonlySet<ChildProcess>): Promise<string> {
  asked += 1;
  const id = asked;
  const answers = await Promise.all([...workers].map((worker) => metricsOf(worker, id)));
  return AggregatorRegistry.aggregate(answers.filter((answer) => answer !== undefined)).metrics();
}

function metricsOf(worker: ChildProcess, id: number): Promise<MetricObject[] | undefined> {
  return new Promise((resolve) => {
    const end = (metrics?: MetricObject[]): void => {
      clearTimeout(timer);
      worker.off("message", answer);
      resolve(metrics);
    };
    const answer = (message: WorkerMessage): void => {
      if (message.kind === "metrics" && message.id === id) {
        end(message.metrics);
      }
    };
    const timer = setTimeout(() => end(), metricsTimeout);
    worker.on("message", answer);
    send(worker, { kind: "metrics", id });
  });
}

function send(worker: ChildProcess, message: ParentMessage): void {
  if (worker.connected) {
    worker.send(message);
  }
}
