import type { Transport } from "@connectrpc/connect";
import { isWorthRetrying } from "../api/failure.ts";
import type { PreparedCommand } from "./prepared.ts";

/** Milliseconds before each further try. */
const waits = [1_000, 2_000, 4_000, 8_000] as const;

/** What a {@link sendPatiently} needs. */
export interface Sending {
  transport: Transport;
  /** Called before the wait for another try. @param error of the try that failed */
  trying?: (error: unknown) => void;
  /** Waits. */
  sleep?: (milliseconds: number) => Promise<void>;
}

/**
 * Sends a command until there is an answer, at most five times. After a lost answer the same request id is sent again,
 * so that it is carried out once. @returns what was done; throws the last error
 */
export async function sendPatiently(
  command: PreparedCommand,
  { transport, trying, sleep = pause }: Sending,
): Promise<string> {
  for (const wait of waits) {
    try {
      return await command.send(transport);
    } catch (error) {
      if (!isWorthRetrying(error)) {
        throw error;
      }
      trying?.(error);
      await sleep(wait);
    }
  }
  return command.send(transport);
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
