import type { Database } from "../database/connect.ts";
import { providerNames } from "../database/queries/provider.ts";
import { sessionHold } from "../database/session-holder.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { controlLoop, type ControlProcess } from "./control-loop.ts";
import type { Provider } from "./provider.ts";
import { staticProvider } from "./providers/static/provider.ts";
import { recoveryCount, recoveryProcess } from "./recovery.ts";

/** What the shepherd needs. */
export interface ShepherdOptions {
  database: Database;
  log: Logger;
  clock: Clock;
  metrics: Metrics;
  /** Providers that can do more than be listed, by name; any other name found in the database is a static one. */
  providers?: readonly Provider[];
  /** Milliseconds between looks for work, and for providers. */
  interval?: number;
}

/** The shepherd, running. */
export type Shepherd = AsyncDisposable;

/** Starts the shepherd's loops: recovery, one for each provider that has machines. This is the list of its loops. */
export function shepherdRun(options: ShepherdOptions): Shepherd {
  const { database, log, clock, metrics } = options;
  const interval = options.interval ?? 10_000;
  const stop = new AbortController();
  const sessions = sessionHold(database, { component: "shepherd", log, clock });
  const running = new Map<string, Promise<void>>();

  function start(provider: Provider): void {
    const process = recoveryProcess(database, provider);
    running.set(provider.name, loop(process, provider));
  }

  function loop(process: ControlProcess, provider: Provider): Promise<void> {
    return controlLoop(process, {
      sessions,
      log,
      clock,
      signal: stop.signal,
      interval,
      parallelism: 16,
      perSecond: 10,
      turned: (turn) => {
        metrics.loopRuns.inc({ loop: "recovery", outcome: turn.dropped === 0 ? "ok" : "failed" });
        metrics.work.inc({ process: "ShepherdRecovery", outcome: "finished" }, turn.finished);
        metrics.work.inc({ process: "ShepherdRecovery", outcome: "failed" }, turn.failed);
        void recoveryCount(database, provider).then(
          (count) => metrics.eligibleMachines.set({ process: "ShepherdRecovery", provider: provider.name }, count),
          () => undefined, // The database is away: the loop itself says so.
        );
      },
    });
  }

  const looking = (async () => {
    const known = new Map((options.providers ?? []).map((provider) => [provider.name, provider]));
    while (!stop.signal.aborted) {
      try {
        for (const name of await providerNames(database)) {
          if (!running.has(name)) {
            start(known.get(name) ?? staticProvider(name));
          }
        }
      } catch (error) {
        log.warn({ error: describeError(error) }, "the providers could not be read; trying again");
      }
      await clock.sleep(interval, stop.signal).catch(() => undefined);
    }
  })();

  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the shepherd is stopping"));
      await looking;
      await Promise.all(running.values());
      await sessions[Symbol.asyncDispose]();
    },
  };
}
