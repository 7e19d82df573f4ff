import {
  type ProvidedListing,
  type ProvidedMachine,
  type Provider,
  type ProviderCheckLine,
  ProviderError,
} from "../../shepherd/provider.ts";
import { Places } from "../../lib/places.ts";
import { counted } from "../../lib/format/counted.ts";
import type { InventorySource } from "./file-source.ts";
import type { InventoryReading } from "./inventory-read.ts";
import { inventoryReadApart } from "./inventory-read-apart.ts";

/** An inventory, as the parts of a provider that come from it. */
export interface InventoryList {
  pace: number;
  /** The same object as before while nothing has changed. @throws {ProviderError} */
  list: (signal: AbortSignal) => Promise<ProvidedListing>;
  get: NonNullable<Provider["get"]>;
  check: (signal: AbortSignal) => Promise<ProviderCheckLine[]>;
}

/** The machines of an inventory, read again where it has changed. */
export function inventoryList(source: InventorySource, reading: InventoryReading): InventoryList {
  let listing: ProvidedListing | undefined;
  let byId: ReadonlyMap<string, ProvidedMachine> = new Map();
  // Machines are asked for in parallel, and each would read the whole inventory.
  const turn = new Places(1);

  const read = (fresh: boolean, signal: AbortSignal): Promise<ProvidedListing> =>
    turn.within(signal, () => readAlone(fresh, signal));

  async function readAlone(fresh: boolean, signal: AbortSignal): Promise<ProvidedListing> {
    const found = await source.read({ fresh: fresh || listing === undefined, signal });
    if (found === "unchanged") {
      if (listing === undefined) {
        throw new ProviderError("unavailable", `${source.title} says that it has not changed, and was never read`);
      }
      return listing;
    }
    // Forgotten first: a version that can't be taken is read anew until it can.
    listing = undefined;
    listing = await inventoryReadApart({ bytes: found.bytes, reading, title: source.title }, signal);
    byId = new Map(listing.machines.map((machine) => [machine.providerId, machine]));
    return listing;
  }

  return {
    pace: source.pace,
    list: (signal) => read(false, signal),
    get: async (providerId, signal) => {
      await turn.within(signal, async () => listing ?? (await readAlone(false, signal)));
      signal.throwIfAborted();
      const machine = byId.get(providerId);
      if (machine === undefined) {
        throw new ProviderError("not_found", `${source.title} has no machine with the id ${providerId}`);
      }
      return machine;
    },
    check: async (signal) => {
      try {
        const { machines, problems = [], doubt } = await read(true, signal);
        return [
          { ok: true, what: `${source.title} can be read: ${counted(machines.length, "machine")}` },
          ...(doubt === undefined ? [] : [{ ok: false, what: doubt, remedy: "is it the file that you mean?" }]),
          ...problems.map((what) => ({ ok: false, what, remedy: `mend it in ${source.title}` })),
        ];
      } catch (error) {
        if (error instanceof ProviderError) {
          const remedy = "mend it; until then the machines stay as they were at the last good reading";
          return [{ ok: false, what: error.message, remedy }];
        }
        throw error;
      }
    },
  };
}

/** A provider whose machines are in a file or at a URL. It has no power switch: its machines' controllers switch them. */
export function inventoryProvider(
  instance: { name: string; settings: string; autostart: boolean },
  inventory: InventoryList,
): Provider {
  return { ...instance, type: "inventory", ...inventory };
}
