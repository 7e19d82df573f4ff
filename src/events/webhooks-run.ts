import { cloudEventSource } from "../contract/events/cloud-event.ts";
import type { Database } from "../database/connect.ts";
import { eventsNow } from "../database/queries/event/event-page.ts";
import { webhooksClaim, webhooksRelease, type HeldWebhook } from "../database/queries/event/webhook-claim.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Session } from "../database/session.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { SecretsError } from "../secrets/errors.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import { webhookTargetOpen } from "../secrets/webhook-target.ts";
import { webhookRest } from "./webhook-next.ts";
import { webhookRound, type WebhookRound } from "./webhook-round.ts";
import { webhookReceiver, type OwnHost } from "./webhook-send.ts";

/** What delivering events works with. */
export interface WebhooksRunOptions {
  database: Database;
  sessions: SessionHolder;
  secrets: Pick<KeyRing, "open" | "problem">;
  host: OwnHost;
  /** Milliseconds between two looks for work. */
  interval?: number;
  clock: Clock;
  metrics: Pick<Metrics, "webhookDeliveries" | "loopRuns">;
  log: Logger;
}

/** Milliseconds until a webhook that can't be opened, or whose round failed, is looked at again. */
const troublePause = 10_000;

/**
 * Delivers events until it is disposed of. A webhook is one session's: any number of servers share all webhooks, and a
 * lost server's go to the others.
 */
export function webhooksRun(options: WebhooksRunOptions): AsyncDisposable {
  const stop = new AbortController();
  const { sessions, database, secrets, clock, metrics, log, interval = 1_000 } = options;
  const running = new Set<{ session: Session; webhookId: string; done: Promise<void> }>();

  async function claim(session: Session): Promise<void> {
    const known = [...running].filter((one) => one.session === session).map(({ webhookId }) => webhookId);
    for (const webhook of await webhooksClaim(database, session, known)) {
      const { webhookId } = webhook;
      const done = webhookDeliver(webhook, session, options, stop.signal).finally(() => running.delete(one));
      const one = { session, webhookId, done };
      running.add(one);
    }
  }

  const loop = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const session = sessions.current();
      try {
        // Without its key this process can open no webhook: another one may.
        if (session !== undefined && secrets.problem() === undefined) {
          await claim(session);
        }
        metrics.loopRuns.inc({ loop: "webhooks", outcome: "ok" });
      } catch (error) {
        metrics.loopRuns.inc({ loop: "webhooks", outcome: "failed" });
        log.warn({ error: describeError(error) }, "webhooks could not be looked at; trying again");
      }
      await clock.sleep(interval, stop.signal).catch(() => undefined);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the server is stopping"));
      await loop;
      await Promise.all([...running].map(({ done }) => done));
      const session = sessions.current();
      if (session !== undefined) {
        await webhooksRelease(database, session).catch((error: unknown) =>
          log.debug(
            { error: describeError(error) },
            "webhooks were not given back: others take them after the session's end",
          ),
        );
      }
    },
  };
}

/**
 * Delivers for one webhook, until it is deleted, or the session is lost. Without the key of its secrets the webhook is given
 * back, and left to others for a while.
 */
async function webhookDeliver(
  webhook: HeldWebhook,
  session: Session,
  options: WebhooksRunOptions,
  stopping: AbortSignal,
): Promise<void> {
  const { database, secrets, clock, log, host, interval = 1_000 } = options;
  const ended = new AbortController();
  const end = (): void => ended.abort(new Error("this server delivers no more"));
  for (const signal of [stopping, session.lost]) {
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) {
      end();
    }
  }
  try {
    let unreached = 0;
    while (!ended.signal.aborted) {
      try {
        const { origin } = await eventsNow(database);
        const target = webhookTargetOpen(secrets, webhook.webhookId, webhook.sealedTarget);
        using receiver = webhookReceiver({ ...target, privateAllowed: webhook.privateAllowed }, host);
        while (!ended.signal.aborted) {
          const round = await webhookRound({
            ...{ database, session, webhook, receiver, source: cloudEventSource(origin), signal: ended.signal },
            careful: unreached > 0,
          });
          if (round.kind === "gone") {
            return;
          }
          note(round, webhook, options);
          unreached = round.unreachable ? unreached + 1 : round.delivered > 0 ? 0 : unreached;
          const rest = round.unreachable ? webhookRest(unreached) * 1_000 : 0;
          const pause = Math.max(rest, round.busy && round.delivered > 0 ? 0 : interval);
          if (pause > 0) {
            await clock.sleep(pause, ended.signal).catch(() => undefined);
          }
        }
      } catch (error) {
        if (ended.signal.aborted) {
          return;
        }
        log.warn({ webhook: webhook.name, error: describeError(error) }, "events are not delivered; trying again");
        const keyMissing = error instanceof SecretsError && error.code === "key_missing";
        if (keyMissing) {
          // If it can't be given back now, this session claims it again after the pause, and gives it back then.
          await webhooksRelease(database, session, webhook.webhookId).catch(() => undefined);
        }
        await clock.sleep(troublePause, ended.signal).catch(() => undefined);
        if (keyMissing) {
          return;
        }
      }
    }
  } finally {
    for (const signal of [stopping, session.lost]) {
      signal.removeEventListener("abort", end);
    }
  }
}

function note(
  round: Extract<WebhookRound, { kind: "done" }>,
  { name }: HeldWebhook,
  { metrics, log }: WebhooksRunOptions,
): void {
  const { delivered, failed, dead } = round;
  for (const [outcome, count] of Object.entries({ delivered, failed, dead })) {
    metrics.webhookDeliveries.inc({ webhook: name, outcome }, count);
  }
  if (dead > 0) {
    log.warn({ webhook: name, dead }, "events were given up: they are dead letters now");
  }
}
