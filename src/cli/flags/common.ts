import { switchFlag, textFlag } from "./flag.ts";

/** Flags of every command. */
export interface CommonFlags {
  dataDir: string | undefined;
  debug: boolean | undefined;
}

export const commonFlags = {
  dataDir: textFlag("Data directory (or FARRIER_DATA_DIR; default: ./.farrier)", "DIR"),
  debug: switchFlag("Log at level debug; show stack traces"),
} as const;

/** The path of the data directory. */
export function dataDirectory(
  flags: { dataDir: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): string {
  return flags.dataDir ?? (env["FARRIER_DATA_DIR"] || "./.farrier");
}
