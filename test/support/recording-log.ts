import { pino } from "pino";
import type { Logger } from "../../src/lib/log.ts";

/** A logger, and what it was told. */
export interface RecordingLog {
  log: Logger;
  lines: Record<string, unknown>[];
  /** How many lines have that message. */
  count(message: string | RegExp): number;
}

export function recordingLog(): RecordingLog {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: "debug" },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return {
    log,
    lines,
    count: (message) =>
      lines.filter(({ msg }) => (typeof message === "string" ? msg === message : message.test(String(msg)))).length,
  };
}
