import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "../../lib/clock.ts";
import { CliError } from "../errors.ts";
import { patiently } from "./patience.ts";

/** Milliseconds before a stream that has ended is continued. */
const pause = 250;

/**
 * Follows a stream that has no end of its own, for ever: when it ends or breaks, `stream` is called again, and goes on from
 * its last cursor. It calls `heard` with each message. A control plane that can't be reached is waited for as by {@link
 * patiently}, counted from the moment when the stream broke; a stream that ended because this reader was slow goes on at
 * once. @throws what `stream` throws for any other reason, or before it has heard anything
 */
export async function streamOn(
  stream: (heard: () => void) => Promise<void>,
  clock: Clock,
  note: (text: string) => void,
): Promise<never> {
  const follow = async (): Promise<void> => {
    let heard = false;
    try {
      await stream(() => {
        heard = true;
      });
    } catch (error) {
      if (!heard || !goesOn(error)) {
        throw error;
      }
    }
  };
  for (;;) {
    await patiently(follow, clock, note);
    await clock.sleep(pause);
  }
}

/** The connection broke, or the server had waited for this reader for too long. */
function goesOn(error: unknown): boolean {
  return (
    error instanceof CliError &&
    (error.code === "unreachable" ||
      (error.cause instanceof ConnectError && error.cause.code === Code.ResourceExhausted))
  );
}
