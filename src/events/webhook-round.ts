import { cloudEventJson } from "../contract/events/cloud-event.ts";
import { eventsMatching } from "../contract/events/event-pattern.ts";
import { backoffJittered } from "../database/backoff.ts";
import type { Database } from "../database/connect.ts";
import { historyEvents } from "../database/history.ts";
import { webhookBehind, webhookFill, type HeldWebhook } from "../database/queries/event/webhook-claim.ts";
import {
  webhookAgain,
  webhookDead,
  webhookDelivered,
  webhookDue,
  webhookLinesTidy,
  webhookReached,
  webhookTime,
  type QueuedEvent,
  type WebhookLine,
} from "../database/queries/event/webhook-delivery.ts";
import type { Session } from "../database/session.ts";
import { webhookNext } from "./webhook-next.ts";
import type { WebhookOutcome, WebhookReceiver } from "./webhook-send.ts";

/** Fills of one round: history is read in pieces, and in between events go out. */
const fillsMost = 20;
/** Machines whose events go out at the same time. */
const linesMost = 16;
/** Events of one machine in one round, one after the other. */
const eventsMost = 20;

/** What a webhook's round works with. */
export interface WebhookRoundOptions {
  database: Database;
  session: Session;
  webhook: HeldWebhook;
  receiver: WebhookReceiver;
  /** The `source` of the events. */
  source: string;
  /** Only one event is tried: the receiver was not reached the last time. */
  careful: boolean;
  /** The session is lost, or the process stops. */
  signal: AbortSignal;
}

/** The result of a round. */
export type WebhookRound =
  | { kind: "gone" }
  | { kind: "done"; busy: boolean; delivered: number; failed: number; dead: number; unreachable: boolean };

/**
 * Lets what is new in history wait, and sends what is due: of each machine one event after the other, of several machines at
 * the same time. A machine's failed event holds up this machine alone.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function webhookRound(options: WebhookRoundOptions): Promise<WebhookRound> {
  const { database, session, webhook } = options;
  const standing = await webhookBehind(database, session, webhook.webhookId);
  if (standing === "gone") {
    return { kind: "gone" };
  }
  let more = standing === "behind";
  const wanted = eventsMatching(webhook.events, historyEvents);
  for (let fills = 0; more && fills < fillsMost; fills += 1) {
    const filled = await webhookFill(database, session, { webhookId: webhook.webhookId, wanted });
    if (filled === undefined) {
      return { kind: "gone" };
    }
    more = filled.more;
  }
  const most = options.careful ? { lines: 1, events: 1 } : { lines: linesMost, events: eventsMost };
  const lines = await webhookDue(database, webhook.webhookId, most);
  const ends = await linesSend(lines, options);
  if (lines.length > 0) {
    await webhookLinesTidy(
      database,
      session,
      webhook.webhookId,
      lines.map(({ machineId }) => machineId),
    );
  }
  const sum = (count: (end: LineEnd) => number): number => ends.reduce((all, end) => all + count(end), 0);
  const delivered = sum((end) => end.delivered);
  if (options.careful && delivered > 0) {
    await webhookReached(database, session, webhook.webhookId);
  }
  return {
    kind: "done",
    busy: more || lines.length > 0,
    delivered,
    failed: sum((end) => end.failed),
    dead: sum((end) => end.dead),
    unreachable: delivered === 0 && ends.some((end) => end.unreachable),
  };
}

interface LineEnd {
  delivered: number;
  failed: number;
  dead: number;
  unreachable: boolean;
}

/**
 * Sends the events of several machines. The first error breaks off the others, and all have ended before it is thrown: the
 * next round is alone with the same events.
 */
async function linesSend(lines: readonly WebhookLine[], options: WebhookRoundOptions): Promise<LineEnd[]> {
  const end = new AbortController();
  const stop = (): void => end.abort(options.signal.reason);
  options.signal.addEventListener("abort", stop, { once: true });
  if (options.signal.aborted) {
    stop();
  }
  const ends = await Promise.allSettled(
    lines.map((line) =>
      lineSend(line, { ...options, signal: end.signal }).catch((error: unknown) => {
        end.abort(new Error("the result of another event could not be recorded"));
        throw error;
      }),
    ),
  );
  options.signal.removeEventListener("abort", stop);
  return ends.map((one) => {
    if (one.status === "rejected") {
      throw one.reason;
    }
    return one.value;
  });
}

/** Sends a machine's events, the earliest first, up to the first failure. */
async function lineSend(line: WebhookLine, options: WebhookRoundOptions): Promise<LineEnd> {
  const { database, session, webhook, receiver, source, signal } = options;
  const end: LineEnd = { delivered: 0, failed: 0, dead: 0, unreachable: false };
  let { attempts } = line;
  for (const queued of line.events) {
    if (signal.aborted) {
      break;
    }
    const key = { webhookId: webhook.webhookId, machineId: line.machineId, eventId: queued.id };
    const outcome = await eventSend(queued, { database, receiver, source, signal });
    if (outcome.kind === "delivered") {
      await webhookDelivered(database, session, key);
      end.delivered += 1;
      attempts = 0;
      continue;
    }
    if (signal.aborted) {
      // It was broken off by this process: that is no failure of the receiver.
      break;
    }
    attempts += 1;
    end.failed += 1;
    end.unreachable = outcome.kind === "unreachable";
    const next =
      queued.entry === undefined
        ? ({ kind: "dead", seconds: 0 } as const)
        : webhookNext({ attempts, waitedSeconds: queued.waitedSeconds });
    const seconds = backoffJittered(next.seconds);
    if (next.kind === "again") {
      await webhookAgain(database, session, key, { seconds, failure: outcome.reason, unreachable: end.unreachable });
      break;
    }
    end.dead += 1;
    const event = queued.entry?.event ?? "unknown";
    await webhookDead(database, session, key, {
      ...{ event, attempts, failure: outcome.reason },
      retrySeconds: seconds,
    });
    break;
  }
  return end;
}

async function eventSend(
  queued: QueuedEvent,
  { database, receiver, source, signal }: Pick<WebhookRoundOptions, "database" | "receiver" | "source" | "signal">,
): Promise<WebhookOutcome> {
  if (queued.entry === undefined) {
    return { kind: "refused", reason: "it was not sent in time: history does not have it any more" };
  }
  const message = {
    id: String(queued.id),
    timestamp: await webhookTime(database),
    body: cloudEventJson(queued.entry, source),
  };
  return receiver.send(message, signal);
}
