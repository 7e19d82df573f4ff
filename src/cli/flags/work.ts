import { clientFlags, type ClientFlags } from "./client.ts";
import { textFlag } from "./flag.ts";
import { pageFlags, type PageFlags } from "./page.ts";
import { watchFlags, type WatchFlags } from "./watch.ts";

/** Flags of what lists work or backoffs. */
export interface WorkFlags extends ClientFlags, WatchFlags, PageFlags {
  machine: string | undefined;
  process: string | undefined;
}

export const workFlags = {
  ...clientFlags,
  ...watchFlags,
  ...pageFlags,
  machine: textFlag("Only for this machine", "ID"),
  process: textFlag("Only for this process, such as ShepherdRecovery", "NAME"),
} as const;
