import { readdir } from "node:fs/promises";
import { getPriority, setPriority } from "node:os";
import { errorCode } from "../errors.ts";

/** A tenth of the weight of a process that was started as usual. With a core to itself nothing is slower. */
const loweredPriority = 10;

/** Lets processes of usual priority go before this one, with all its threads. It is never raised. */
export async function priorityLower(): Promise<void> {
  // On Linux each thread has its own priority. Those to come take it from the thread that starts them.
  const threads = await threadsOf();
  for (const thread of threads) {
    try {
      if (getPriority(thread) < loweredPriority) {
        setPriority(thread, loweredPriority);
      }
    } catch (error) {
      // The thread ended meanwhile.
      if (thread === process.pid || !/ESRCH/u.test(String(error))) {
        throw error;
      }
    }
  }
}

async function threadsOf(): Promise<number[]> {
  try {
    return (await readdir("/proc/self/task")).map(Number);
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return [process.pid];
    }
    throw error;
  }
}
