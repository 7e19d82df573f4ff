import type { ProvidedListing, ProviderErrorCode } from "../../shepherd/provider.ts";
import type { InventoryReading } from "./inventory-read.ts";

/** What the thread is asked: to read an inventory. */
export interface InventoryAsked {
  bytes: Uint8Array;
  reading: InventoryReading;
  /** What the inventory is called in errors. */
  title: string;
}

/** What the thread answers: the machines, or why the inventory can't be read. */
export type InventoryAnswer = { listing: ProvidedListing } | { refused: { code: ProviderErrorCode; message: string } };
