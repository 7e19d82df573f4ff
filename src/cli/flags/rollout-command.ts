import { requestIdFlag } from "../line/request-id.ts";
import { clientFlags, type ClientFlags } from "./client.ts";

/** Flags of a command about a rollout. */
export interface RolloutCommandFlags extends ClientFlags {
  requestId: string | undefined;
}

export const rolloutCommandFlags = { ...clientFlags, requestId: requestIdFlag } as const;
