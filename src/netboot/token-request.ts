import { z } from "zod";
import type { MachineIdentity } from "../database/machine-identity.ts";
import { identityOf } from "./boot-query.ts";

/** Maximum size in bytes of a request for a token. */
export const tokenRequestLimit = 4096;

const body = z.object({
  uuid: z.string().max(128).default(""),
  mac: z.array(z.string().max(64)).max(64).default([]),
});

/** The identity that asks for a token; undefined if the body is not `{"uuid": "…", "mac": ["…"]}`. Pure. */
export function tokenRequest(text: string): MachineIdentity | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The answer reports it.
    return undefined;
  }
  const parsed = body.safeParse(json);
  return parsed.success ? identityOf(parsed.data.uuid, parsed.data.mac) : undefined;
}
