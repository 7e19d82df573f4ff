import { createHash } from "node:crypto";
import type { Database } from "../../database/connect.ts";
import { doubtsRelease } from "../../database/queries/provider/provider-doubt.ts";
import { providerNames, providersElsewhere } from "../../database/queries/provider/provider.ts";
import {
  type ProvidersFileNote,
  providersStand,
  type Standing,
} from "../../database/queries/provider/provider-standing.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { abortable } from "../abortable.ts";
import type { Provider } from "../provider.ts";
import { type Stand, standDecide } from "./stand-decide.ts";

/** The providers that a process is configured with; they may change while it runs. */
export interface ProvidersSource {
  current(): { providers: readonly Provider[]; file?: ProvidersFileNote };
  /** Resolves when `current` has changed. */
  changed(): Promise<void>;
}

/** What keeping providers needs. */
export interface ProvidersKeepOptions {
  database: Database;
  sessions: SessionHolder;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
  /** Milliseconds between two looks at who has which provider. */
  interval: number;
  source: ProvidersSource;
  /** Makes the provider for a name that is in the database but configured nowhere. */
  unlisted: (name: string) => Provider;
  /** The providers that this shepherd works on, by name: kept up to date here. */
  known: Map<string, Provider>;
  /** Runs the loops of one provider until the signal aborts. */
  loops: (provider: Provider, stand: Exclude<Stand, "aside">, signal: AbortSignal) => Promise<unknown>;
}

interface Running {
  provider: Provider;
  stand: Stand;
  stop: AbortController;
  over: Promise<unknown>;
}

/**
 * Starts and stops the loops of each provider, as this shepherd's configuration and the other shepherds' change, until the
 * signal aborts.
 */
export async function providersKeep(options: ProvidersKeepOptions): Promise<void> {
  const { database, sessions, log, clock, signal, known } = options;
  const running = new Map<string, Running>();
  while (!signal.aborted) {
    const changed = options.source.changed();
    try {
      const session = await abortable(sessions.next(), signal);
      const { providers, file } = options.source.current();
      const wanted = new Map(providers.map((provider) => [provider.name, provider]));
      const standings = await providersStand(database, session, [...wanted.values()].map(configuredOf), file);
      const stands = new Map(standings.map((standing) => [standing.provider, standing]));
      const elsewhere = await providersElsewhere(database, session.id);
      for (const name of await providerNames(database)) {
        if (!wanted.has(name) && !elsewhere.has(name)) {
          wanted.set(name, options.unlisted(name));
        }
      }
      await turn(wanted, stands, providers);
      const unlisting = [...running].filter(([, one]) => one.stand !== "aside" && one.provider.list === undefined);
      await doubtsRelease(
        database,
        unlisting.map(([name]) => name),
      );
    } catch (error) {
      if (!signal.aborted) {
        log.warn({ error: describeError(error) }, "the providers could not be read; trying again");
      }
    }
    const pause = new AbortController();
    const slept = clock.sleep(options.interval, AbortSignal.any([signal, pause.signal])).catch(() => undefined);
    await Promise.race([slept, changed]);
    pause.abort();
  }
  await Promise.all([...running.values()].map(stop));

  async function turn(
    wanted: ReadonlyMap<string, Provider>,
    stands: ReadonlyMap<string, Standing>,
    configured: readonly Provider[],
  ): Promise<void> {
    for (const [name, one] of running) {
      if (!wanted.has(name)) {
        await stop(one);
        running.delete(name);
        known.delete(name);
      }
    }
    for (const [name, provider] of wanted) {
      // Nobody else is configured with it: any shepherd may work on its machines.
      const stand = configured.includes(provider) ? standDecide(stands.get(name)) : "work";
      const before = running.get(name);
      if (before !== undefined && before.stand === stand && isSame(before.provider, provider)) {
        continue;
      }
      if (before !== undefined) {
        await stop(before);
      }
      running.set(name, start(provider, stand));
    }
  }

  function start(provider: Provider, stand: Stand): Running {
    const own = new AbortController();
    if (stand === "aside") {
      known.delete(provider.name);
      log.warn(
        { provider: provider.name },
        "another shepherd has this provider with other settings: this one leaves it alone until they are the same (`farrier provider list`)",
      );
      return { provider, stand, stop: own, over: Promise.resolve() };
    }
    known.set(provider.name, provider);
    const over = options.loops(provider, stand, AbortSignal.any([signal, own.signal]));
    return { provider, stand, stop: own, over };
  }
}

async function stop({ stop: own, over }: Running): Promise<void> {
  own.abort(new Error("the provider's settings or its shepherd have changed"));
  await over;
}

/** Whether its loops may go on: the same object, or an object that was made anew from the same settings. */
function isSame(before: Provider, after: Provider): boolean {
  return (
    before === after || (before.settings === after.settings && before.type === after.type && after.list === undefined)
  );
}

function configuredOf(provider: Provider) {
  const { name, type = "static", power, autostart = false, mediaUrl, settings = "" } = provider;
  const digest = createHash("sha256")
    .update(JSON.stringify([type, autostart, settings, ...(mediaUrl === undefined ? [] : [mediaUrl])]))
    .digest();
  return { name, type, power: power !== undefined, autostart, mediaUrl, digest };
}
