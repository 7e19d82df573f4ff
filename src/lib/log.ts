import { pino } from "pino";

/** Structured log: one JSON object per line on standard error. */
export type Logger = pino.Logger;

/** pino's levels; `silent` for tests. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * A logger on standard error, so that standard output is free for a command's output. `write` receives its lines
 * instead of standard error, `also` receives each line in addition.
 */
export function createLogger(options: {
  level: LogLevel;
  component: string;
  write?: ((line: string) => void) | undefined;
  also?: ((line: string) => void) | undefined;
}): Logger {
  const { also, write } = options;
  const out = write === undefined ? pino.destination({ dest: 2, sync: true }) : { write };
  return pino(
    {
      level: options.level,
      base: { component: options.component },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    also === undefined
      ? out
      : {
          write: (line: string) => {
            out.write(line);
            also(line);
          },
        },
  );
}
