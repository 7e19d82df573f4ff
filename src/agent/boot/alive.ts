import { writeFile } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";

/** Milliseconds; the boot image's supervisor gives an agent many times as long. */
const interval = 10_000;

/** Counts up in a file for as long as this process does anything: who started it kills one that does not. */
export async function alive(path: string, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let count = 1; !signal.aborted; count += 1) {
    // One that can't be written is as good as silence: the supervisor decides.
    await writeFile(path, `${count}\n`).catch(() => undefined);
    await clock.sleep(interval, signal).catch(() => undefined);
  }
}
