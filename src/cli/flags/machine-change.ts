import { clientFlags, type ClientFlags } from "./client.ts";
import { requestIdFlag } from "../line/request-id.ts";

/** Flags of the commands that change one machine. */
export interface MachineChangeFlags extends ClientFlags {
  requestId: string | undefined;
}

export const machineChangeFlags = {
  ...clientFlags,
  requestId: requestIdFlag,
} as const;
