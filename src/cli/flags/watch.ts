import { switchFlag } from "./flag.ts";

/** Flags of every command that can keep its output up to date. */
export interface WatchFlags {
  watch: boolean | undefined;
}

export const watchFlags = { watch: switchFlag("Print again after each change, until interrupted") } as const;
