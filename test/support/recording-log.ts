import { pino } from "pino";
import type { Logger } from "../../src/lib/log.ts";

/** A logger, and what it was told. */
export interface RecordingLog {
  log: Logger;
  lines: Record<string, unknown>[];
  /** How many lines have that message. */
  count(message: string | RegExp): number;
}

/** @param also gets each line too, as `createLogger` gives it */
export function recordingLog(also?: (line: string) => void): RecordingLog {
  const lines: Record<string, unknown>[] = [];
  const asItIs = {
    base: { component: "agent" },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  const log = pino(
    { level: "debug", ...(also === undefined ? {} : asItIs) },
    {
      write: (line: string) => {
        lines.push(JSON.parse(line) as Record<string, unknown>);
        also?.(line);
      },
    },
  );
  return {
    log,
    lines,
    count: (message) =>
      lines.filter(({ msg }) => (typeof message === "string" ? msg === message : message.test(String(msg)))).length,
  };
}
