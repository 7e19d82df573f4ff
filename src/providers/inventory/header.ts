import { nearestWord } from "../../lib/format/nearest-word.ts";
import { ProviderError } from "../../shepherd/provider.ts";
import { inventoryColumns } from "./columns.ts";

const byAlias = new Map(
  Object.entries(inventoryColumns).flatMap(([name, { aliases }]) => [name, ...aliases].map((alias) => [alias, name])),
);

/** A column's name as it is compared: "Serial Number" and "serial_number" are one. Pure. */
function plain(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/gu, "-");
}

/**
 * Which of an inventory's columns is which of ours, by the inventory's spelling. Columns that are none of ours are left out.
 * @param renamed our names, with the inventory's for each, as the settings have them
 * @throws {ProviderError} `unavailable` if a column is misspelt, named by the settings and not there, or there twice
 */
export function headerRead(
  names: Iterable<string>,
  renamed: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const there = [...names];
  const found = new Map<string, string>();
  for (const [ours, theirs] of Object.entries(renamed)) {
    if (!there.includes(theirs)) {
      throw new ProviderError(
        "unavailable",
        `has no column "${theirs}", which the provider's settings name as ${ours}: its columns are ${there.slice(0, 20).join(", ")}`,
      );
    }
    found.set(theirs, ours);
  }
  for (const name of there.filter((one) => !found.has(one))) {
    const ours = byAlias.get(plain(name));
    if (ours === undefined) {
      const near = nearestWord(plain(name), [...byAlias.keys()]);
      if (near !== undefined) {
        throw new ProviderError(
          "unavailable",
          `has a column "${name.slice(0, 64)}": did you mean ${near}? Rename it, or name it under \`columns\` in the provider's settings`,
        );
      }
      continue;
    }
    if (Object.hasOwn(renamed, ours)) {
      continue;
    }
    const other = [...found].find(([, known]) => known === ours);
    if (other !== undefined) {
      throw new ProviderError(
        "unavailable",
        `columns "${other[0]}" and "${name}" are both ${ours}: expected one of them`,
      );
    }
    found.set(name, ours);
  }
  return found;
}
