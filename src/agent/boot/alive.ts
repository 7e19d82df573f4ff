import { writeFile } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";

/** Milliseconds; the boot image's supervisor waits many times as long before it acts. */
const interval = 10_000;

/** Counts up in a file as long as this process works; the supervisor kills a process whose counter stops. */
export async function alive(path: string, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let count = 1; !signal.aborted; count += 1) {
    // A counter that can't be written looks like a stopped process: the supervisor decides.
    await writeFile(path, `${count}\n`).catch(() => undefined);
    await clock.sleep(interval, signal).catch(() => undefined);
  }
}
