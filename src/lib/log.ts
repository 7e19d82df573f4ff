import { pino } from "pino";

/** Structured log; one JSON object a line on standard error. */
export type Logger = pino.Logger;

/** Levels as pino has them; `silent` for tests. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * A logger on standard error, so that standard output stays for what a command prints. `also` gets each line too, as it is
 * written.
 */
export function createLogger(options: {
  level: LogLevel;
  component: string;
  also?: ((line: string) => void) | undefined;
}): Logger {
  const { also } = options;
  const standardError = pino.destination({ dest: 2, sync: true });
  return pino(
    {
      level: options.level,
      base: { component: options.component },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    also === undefined
      ? standardError
      : {
          write: (line: string) => {
            standardError.write(line);
            also(line);
          },
        },
  );
}
