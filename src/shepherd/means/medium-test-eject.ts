import { isMediumOf } from "../../contract/medium-path.ts";
import type { Controller } from "../../controllers/controller.ts";

/**
 * Ejects this test medium and no other. Where the controller does not show what is inserted, the slot decides.
 * @throws {ControllerError}; the signal's reason
 */
export function mediumTestEject(
  controller: Controller,
  { digest, slot }: { digest: Uint8Array; slot: string | null },
  signal: AbortSignal,
): Promise<void> {
  return controller.mediaEject((image, at) => (image === undefined ? at === slot : isMediumOf(image, digest)), signal);
}
