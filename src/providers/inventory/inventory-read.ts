import { printable } from "../../lib/format/printable.ts";
import { type ProvidedListing, ProviderError } from "../../shepherd/provider.ts";
import { csvRows } from "./csv-rows.ts";
import { inventoryDecode } from "./decode.ts";
import { duplicatesLeaveOut, type PlacedMachine } from "./duplicates.ts";
import { type ControllerDefaults, entryRead } from "./entry.ts";
import { headerRead } from "./header.ts";
import type { InventoryFormat, InventoryRows } from "./row.ts";
import { jsonRows, yamlRows } from "./yaml-rows.ts";

/** How an inventory is read. */
export interface InventoryReading {
  format: InventoryFormat;
  /** The inventory's own names of our columns. */
  columns: Readonly<Record<string, string>>;
  controllers: ControllerDefaults;
}

/** The number of problems that are named. */
const problemsNamed = 100;

const readers: Readonly<Record<InventoryFormat, (text: string) => InventoryRows>> = {
  csv: csvRows,
  yaml: yamlRows,
  json: jsonRows,
};

/**
 * Reads the machines of an inventory. Entries that can't be taken are named, and left out.
 * @param title what the inventory is called in errors
 * @throws {ProviderError} `unavailable` if it can't be read as a whole
 */
export function inventoryRead(
  bytes: Uint8Array,
  { format, columns: renamed, controllers }: InventoryReading,
  title: string,
): ProvidedListing {
  try {
    const { rows, problems } = readers[format](inventoryDecode(bytes));
    const names = new Set(rows.flatMap(({ cells }) => [...cells.keys()]));
    const columns = rows.length === 0 ? new Map<string, string>() : headerRead(names, renamed);
    const placed: PlacedMachine[] = [];
    for (const row of rows) {
      const read = entryRead(row, columns, controllers);
      if ("problems" in read) {
        problems.push(...read.problems);
      } else {
        placed.push({ place: row.place, machine: read });
      }
    }
    const { machines, problems: duplicates } = duplicatesLeaveOut(placed);
    problems.push(...duplicates);
    return {
      machines,
      ...(problems.length === 0 ? {} : { problems: named(problems) }),
      ...(rows.length === 0 ? { doubt: `${title} has no machine in it` } : {}),
    };
  } catch (error) {
    throw error instanceof ProviderError
      ? new ProviderError(error.code, `${title}: ${printable(error.message)}`, { cause: error })
      : error;
  }
}

function named(problems: readonly string[]): string[] {
  const first = problems.slice(0, problemsNamed);
  return problems.length > problemsNamed ? [...first, `and ${problems.length - problemsNamed} more`] : first;
}
