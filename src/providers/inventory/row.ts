/** The formats of an inventory. */
export const inventoryFormats = ["csv", "yaml", "json"] as const;
export type InventoryFormat = (typeof inventoryFormats)[number];

/** A cell as it was read: text in CSV; in YAML and JSON also lists, mappings, numbers. */
export type Cell = unknown;

/** One machine's entry, before it is checked. */
export interface Row {
  /** Its place, such as "line 7". */
  place: string;
  /** By column, as the inventory spells it. */
  cells: ReadonlyMap<string, Cell>;
}

/** The entries of an inventory, and those that could not be read. */
export interface InventoryRows {
  rows: Row[];
  problems: string[];
}

/** Maximum number of entries. */
export const rowsLimit = 100_000;
