import { optionalFlag, textFlag } from "./flag.ts";
import { parsePositive } from "../line/positive.ts";

/** The flags that paging uses. */
export interface PageFlags {
  limit: number | undefined;
  pageToken: string | undefined;
}

export const pageFlags = {
  limit: optionalFlag("Maximum number of entries shown", "N", parsePositive),
  pageToken: textFlag("Continue after an earlier page", "TOKEN"),
} as const;
