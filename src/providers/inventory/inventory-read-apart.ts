import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { errorCode } from "../../lib/errors.ts";
import { Places } from "../../lib/places.ts";
import { type ProvidedListing, ProviderError } from "../../shepherd/provider.ts";
import { inventoryRead } from "./inventory-read.ts";
import type { InventoryAnswer, InventoryAsked } from "./inventory-asked.ts";

/** Inventories that are read in threads at the same time: one takes up to 2 GiB of memory. */
const threads = new Places(1);

/** What reading one inventory may take. */
export interface InventoryLimits {
  /** Milliseconds. The longest inventory, 100,000 machines in YAML, takes some 15 s of a processor. */
  time: number;
  /** MiB of memory. */
  memory: number;
  /** An inventory of at most this many bytes is read at once: that takes less than to start a thread. */
  quick: number;
}

/** The limits of inventories. */
const inventoryLimits: InventoryLimits = { time: 600_000, memory: 2048, quick: 32 * 1024 };

const thread = new URL(`inventory-thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/**
 * Reads the machines of an inventory without holding up this process: 10,000 machines in YAML take more than a second. Large
 * ones are read one after the other.
 * @throws {ProviderError} `unavailable` if it can't be read as a whole; the signal's reason
 */
export async function inventoryReadApart(
  asked: InventoryAsked,
  signal: AbortSignal,
  limits = inventoryLimits,
): Promise<ProvidedListing> {
  const { bytes, reading, title } = asked;
  signal.throwIfAborted();
  if (bytes.length <= limits.quick) {
    return inventoryRead(bytes, reading, title);
  }
  return threads.within(signal, () => inThread(asked, signal, limits));
}

async function inThread(asked: InventoryAsked, signal: AbortSignal, limits: InventoryLimits): Promise<ProvidedListing> {
  const { title } = asked;
  const late = AbortSignal.timeout(limits.time);
  const worker = new Worker(thread, {
    workerData: asked,
    resourceLimits: { maxOldGenerationSizeMb: limits.memory },
  });
  try {
    const answers = (await once(worker, "message", { signal: AbortSignal.any([signal, late]) })) as [InventoryAnswer];
    const [answer] = answers;
    if ("refused" in answer) {
      throw new ProviderError(answer.refused.code, answer.refused.message);
    }
    return answer.listing;
  } catch (error) {
    signal.throwIfAborted();
    throw late.aborted || errorCode(error) === "ERR_WORKER_OUT_OF_MEMORY"
      ? new ProviderError(
          "unavailable",
          `${title} takes more than ${late.aborted ? `${limits.time / 1000} s` : `${limits.memory} MiB of memory`} to read: is it an inventory?`,
          { cause: error },
        )
      : error;
  } finally {
    worker.on("error", () => {
      // Its end is over; what it died of was said.
    });
    await worker.terminate();
  }
}
