import { clientFlags, type ClientFlags } from "./client.ts";
import { optionalFlag, repeatedFlag } from "./flag.ts";
import { parsePositive } from "../line/positive.ts";
import { requestIdFlag } from "../line/request-id.ts";

/** Flags of what is done to several machines' power at once. */
export interface MachinesFlags extends ClientFlags {
  label: readonly string[] | undefined;
  maxParallel: number | undefined;
  requestId: string | undefined;
}

/** Flags of the commands that do something to several machines at once. */
export const machinesFlags = {
  ...clientFlags,
  label: repeatedFlag("Choose machines by label instead of by name; repeatable, all must match", "KEY=VALUE"),
  maxParallel: optionalFlag("Maximum number of machines at a time (default: 8)", "N", parsePositive),
  requestId: requestIdFlag,
} as const;
