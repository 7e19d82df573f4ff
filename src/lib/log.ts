import { pino } from "pino";

/** Structured log; one JSON object a line on standard error. */
export type Logger = pino.Logger;

/** Levels as pino has them; `silent` for tests. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** A logger on standard error, so that standard output stays for what a command prints. */
export function createLogger(options: { level: LogLevel; component: string }): Logger {
  return pino(
    {
      level: options.level,
      base: { component: options.component },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
