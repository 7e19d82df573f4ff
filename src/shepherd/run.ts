import type { Database } from "../database/connect.ts";
import { eligibleCount, type Eligibility } from "../database/eligibility.ts";
import { sessionHold } from "../database/session-holder.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { RolloutRequester } from "../database/queries/rollout/rollout-order.ts";
import type { DatabaseAddress } from "../database/address/database-address.ts";
import type { FollowedKeyRing } from "../secrets/key-ring-follow.ts";
import { agentStartEligibility, agentStartProcess } from "./agent-start.ts";
import { bootOverrides } from "./boot-overrides.ts";
import { controlLoop, type ControlProcess } from "./control-loop.ts";
import type { Provider } from "./provider.ts";
import { controllerLooks } from "./controller-looks.ts";
import { type ControllerAccess, controllersOf } from "./controllers.ts";
import { mediumTests } from "./medium-tests.ts";
import { operationsRun } from "./operations/run.ts";
import { providersKeep, type ProvidersSource } from "./providing/keep.ts";
import { powerLook } from "./providing/power-look.ts";
import { providerLook } from "./providing/look.ts";
import { wantedControllers } from "./providing/wanted-controllers.ts";
import { rolloutLoop } from "./rollout/loop.ts";
import { recoveryEligibility, recoveryProcess } from "./recovery.ts";
import type { SwitchesOptions } from "./switch/switch-of.ts";
import type { TakeoverAccess } from "./takeover/access.ts";
import { takeoversSweep } from "./takeover/sweep.ts";

/** The shepherd's options. */
export interface ShepherdRunOptions {
  database: Database;
  /** The database connections for its session, so that its work can't delay the pokes; absent means `database`. */
  sessionDatabase?: Database;
  log: Logger;
  clock: Clock;
  metrics: Metrics;
  /** The providers that can list machines or have a power switch. */
  providers?: readonly Provider[];
  /** The providers of a process whose configuration may change, in place of `providers`. */
  configured?: ProvidersSource;
  /** Makes the provider for a name that is in the database but not in `providers`. */
  unlisted: (name: string) => Provider;
  /** Milliseconds between two searches for work, and between two searches for providers. */
  interval?: number;
  /** How controllers are opened; absent = this shepherd reaches none. */
  controllers?: ControllerAccess;
  /** What it takes hosts over with; absent = this shepherd takes none over. */
  takeovers?: TakeoverAccess;
  /** Requests the installations of rollouts; absent = this shepherd carries none out. */
  requester?: RolloutRequester;
  /** The database's address, by which it is notified of operations; absent = it polls for them. */
  address?: DatabaseAddress;
  /** Seconds that a machine has to boot from the network and enrol. */
  bootSeconds?: number;
  /** The process's keys, which are recorded under the shepherd's sessions; absent = it can't change passwords. */
  secrets?: Pick<FollowedKeyRing, "heldUnder" | "seal" | "open">;
}

/** Milliseconds between two turns of a rollout. */
const rolloutPace = 1_000;

/** A running shepherd. */
export type Shepherd = AsyncDisposable;

/**
 * Starts the shepherd's loops, all of which are listed here. Each configured provider, and each provider that has
 * machines, gets recovery; a provider that can list machines also gets sync, and a provider with a power switch also
 * gets agent start.
 */
export function shepherdRun(options: ShepherdRunOptions): Shepherd {
  const { database, log, clock, metrics } = options;
  const interval = options.interval ?? 10_000;
  const stop = new AbortController();
  const sessions = sessionHold(options.sessionDatabase ?? database, { component: "shepherd", log, clock });
  options.secrets?.heldUnder(sessions).catch((error: unknown) => {
    log.warn({ error: describeError(error) }, "the keys of secrets could not be looked at; trying again");
  });
  const { controllers: access } = options;
  const controllers = access === undefined ? undefined : controllersOf(database, { open: access.open, clock });
  const { takeovers } = options;
  // The providers that this shepherd works on, by name.
  const known = new Map<string, Provider>();
  const switches: SwitchesOptions = { database, providers: known, controllers, takeovers };

  async function loops(provider: Provider, stand: "look" | "work", signal: AbortSignal): Promise<void> {
    const { list } = provider;
    const all = [
      loop("recovery", recoveryProcess(provider, switches), recoveryEligibility(provider), provider, signal),
    ];
    if (list !== undefined && stand === "look") {
      const turned = (outcome: string): void => metrics.loopRuns.inc({ loop: "provider-sync", outcome });
      all.push(providerLook({ ...provider, list }, { database, sessions, log, clock, signal, interval, turned }));
    }
    const { power, powerPace } = provider;
    if (power !== undefined && powerPace !== undefined && stand === "look") {
      all.push(powerLook({ ...provider, power, powerPace }, { database, log, clock, signal, interval }));
    }
    if (power !== undefined || controllers !== undefined || takeovers !== undefined) {
      const process = agentStartProcess(provider, switches, { clock, bootSeconds: options.bootSeconds });
      all.push(loop("agent-start", process, agentStartEligibility(provider, switches), provider, signal));
    }
    await Promise.all(all);
  }

  function loop(
    name: string,
    process: ControlProcess,
    eligibility: Eligibility,
    provider: Provider,
    signal: AbortSignal,
  ): Promise<void> {
    const labels = { process: eligibility.process };
    return controlLoop(process, {
      sessions,
      log,
      clock,
      signal,
      interval: Math.min(provider.pace ?? interval, interval),
      parallelism: 16,
      perSecond: 10,
      turned: (turn) => {
        metrics.loopRuns.inc({ loop: name, outcome: turn.dropped === 0 ? "ok" : "failed" });
        metrics.work.inc({ ...labels, outcome: "finished" }, turn.finished);
        metrics.work.inc({ ...labels, outcome: "failed" }, turn.failed);
        void eligibleCount(database, eligibility).then(
          (count) => metrics.eligibleMachines.set({ ...labels, provider: provider.name }, count),
          () => undefined, // The database is unreachable: the loop itself reports that.
        );
      },
    });
  }

  const swept = takeovers === undefined ? undefined : takeoversSweep(log);
  const configured = options.configured ?? unchanging(options.providers ?? []);
  const looking = providersKeep({
    ...{ database, sessions, log, clock, interval, known, loops },
    source: configured,
    signal: stop.signal,
    unlisted: options.unlisted,
  });

  const looks =
    controllers === undefined
      ? undefined
      : controllerLooks({ database, controllers, log, clock, metrics, interval, signal: stop.signal });
  const overrides =
    controllers === undefined
      ? undefined
      : bootOverrides({ database, sessions, controllers, log, clock, interval, signal: stop.signal });
  const tests =
    controllers === undefined
      ? undefined
      : mediumTests({ database, sessions, controllers, log, clock, interval, signal: stop.signal });
  const wanted =
    access === undefined
      ? undefined
      : wantedControllers({
          ...{ database, access, log, clock, interval, signal: stop.signal },
          providers: () => [...known.keys()],
        });
  const operations = operationsRun({
    ...{ database, sessions, log, clock, interval, address: options.address, signal: stop.signal },
    ...{ controllers, access, providers: known, secrets: options.secrets },
  });

  const { requester } = options;
  const rollouts =
    requester === undefined
      ? undefined
      : rolloutLoop({
          ...{ database, sessions, clock, log, metrics, requester, signal: stop.signal },
          interval: Math.min(interval, rolloutPace),
        });

  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the shepherd is stopping"));
      await rollouts;
      await looking;
      await swept;
      await operations;
      await looks;
      await overrides;
      await tests;
      await wanted;
      await controllers?.[Symbol.asyncDispose]();
      await sessions[Symbol.asyncDispose]();
    },
  };
}

function unchanging(providers: readonly Provider[]): ProvidersSource {
  return { current: () => ({ providers }), changed: () => new Promise(() => undefined) };
}
