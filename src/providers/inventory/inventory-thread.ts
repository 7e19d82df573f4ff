// The thread that reads one large inventory: the process that started it goes on meanwhile.
import { parentPort, workerData } from "node:worker_threads";
import { ProviderError } from "../../shepherd/provider.ts";
import { inventoryRead } from "./inventory-read.ts";
import type { InventoryAnswer, InventoryAsked } from "./inventory-asked.ts";

function answer({ bytes, reading, title }: InventoryAsked): InventoryAnswer {
  try {
    return { listing: inventoryRead(bytes, reading, title) };
  } catch (error) {
    if (error instanceof ProviderError) {
      return { refused: { code: error.code, message: error.message } };
    }
    throw error;
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is the port of a thread, not a window.
parentPort?.postMessage(answer(workerData as InventoryAsked));
