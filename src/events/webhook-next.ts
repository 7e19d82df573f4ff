/** What is done with an event after a failed try. */
export type WebhookNext = { kind: "again"; seconds: number } | { kind: "dead"; seconds: number };

/** Seconds of the first wait; each is twice the one before, up to an hour. */
const firstWait = 5;
const longestWait = 3_600;
/** Seconds after which an event is given up. */
const patience = 3 * 86_400;
/** Tries after which an event is given up. */
const triesMost = 100;

/**
 * Decides after a failed try. `attempts` counts the failed tries of the machine's events in a row, with this one;
 * `seconds` is the time until the next try, of the same event or of the one after it. Pure.
 */
export function webhookNext({ attempts, waitedSeconds }: { attempts: number; waitedSeconds: number }): WebhookNext {
  const seconds = Math.min(longestWait, firstWait * 2 ** Math.min(attempts - 1, 20));
  if (waitedSeconds >= patience) {
    return { kind: "dead", seconds };
  }
  return attempts >= triesMost ? { kind: "dead", seconds } : { kind: "again", seconds };
}

/** Seconds for which a receiver is left alone after `unreached` tries in a row that did not reach it; 0 means not at all. Pure. */
export function webhookRest(unreached: number): number {
  return unreached === 0 ? 0 : Math.min(60, 2 ** Math.min(unreached - 1, 6));
}
