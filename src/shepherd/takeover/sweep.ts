import { tmpdir } from "node:os";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { privateDirectoriesSweep, secretsPlace } from "./private-directory.ts";

/** Removes what killed shepherds of this host's user have left of secrets for takeovers. Never rejects. */
export async function takeoversSweep(log: Logger): Promise<void> {
  for (const place of new Set([await secretsPlace(), tmpdir()])) {
    try {
      const removed = await privateDirectoriesSweep(place);
      if (removed > 0) {
        log.warn({ place, removed }, "secrets that a killed shepherd had left were removed");
      }
    } catch (error) {
      log.warn({ place, error: describeError(error) }, "what a killed shepherd may have left could not be looked for");
    }
  }
}
