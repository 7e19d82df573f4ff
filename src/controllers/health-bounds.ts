import { startWithoutSecrets } from "../lib/secret-forms.ts";
import { printable } from "../lib/format/printable.ts";
import type { ControllerHealth, HealthEvent } from "./controller.ts";

/** Maximum number of parts, of things that could not be read, and of events. */
const most = { failed: 40, unread: 10, events: 10 } as const;
/** Maximum length of one of these texts, in characters. */
const textMost = { part: 120, event: 300 } as const;
/** Maximum length in characters of a text as it is read: an answer may have megabytes. */
const readMost = 1 << 16;
/** Length of the end of a part's text, its condition, which is kept when the text is cut. */
const conditionMost = 16;

/**
 * Health as it may be stored and shown: a controller's texts are untrusted. Each is one printable line of bounded
 * length without `secrets`, which a controller could repeat; the lists are bounded too. Pure.
 */
export function healthBounded(health: ControllerHealth, secrets: (text: string) => string): ControllerHealth {
  // Secrets go before anything is cut: half a secret would not be found.
  const line = (text: string, length: number, tail = 0): string =>
    lineOf(startWithoutSecrets(text, secrets, readMost), length, tail);
  const { inletCelsius, ...rest } = health;
  return {
    ...rest,
    failed: [...new Set(health.failed.slice(0, most.failed).map((part) => line(part, textMost.part, conditionMost)))],
    unread: [...new Set(health.unread.map((name) => line(name, textMost.part)))].slice(0, most.unread),
    events: health.events.slice(0, most.events).map((event) => eventBounded(event, line(event.text, textMost.event))),
    ...(inletCelsius === undefined || !Number.isFinite(inletCelsius) ? {} : { inletCelsius }),
  };
}

function eventBounded({ at, severity }: HealthEvent, text: string): HealthEvent {
  // Times that no event log has are left out: PostgreSQL and the API can't hold all that a Date can.
  const year = at?.getUTCFullYear() ?? Number.NaN;
  return { severity, text, ...(at === undefined || !(year >= 1970 && year < 10_000) ? {} : { at }) };
}

function lineOf(text: string, length: number, tail: number): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  const cut =
    line.length > length ? `${line.slice(0, length - 1 - tail)}…${tail === 0 ? "" : line.slice(-tail)}` : line;
  return printable(cut);
}
