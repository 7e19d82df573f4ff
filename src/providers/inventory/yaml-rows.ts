import { isMap, isScalar, isSeq, type Node } from "yaml";
import { yamlDocument } from "../../lib/yaml-document.ts";
import { ProviderError } from "../../shepherd/provider.ts";
import { type Row, type InventoryRows, rowsLimit } from "./row.ts";

/** Maximum number of times that aliases may repeat a part of the text: a few lines can mean gigabytes. */
const aliasLimit = 1000;

/**
 * Reads YAML, or JSON, which is YAML too: a list of machines, or a mapping with the list under "machines". An empty text
 * has no machines.
 * @throws {ProviderError} `unavailable` if it is neither
 */
export function yamlRows(text: string): InventoryRows {
  // Without types: 0042 is a serial number and not 42, and 1e3 a name.
  const parsed = yamlDocument(text, { schema: "failsafe" });
  if (parsed === undefined) {
    throw new ProviderError("unavailable", "is nested too deeply: expected a list of machines");
  }
  const { document, lines } = parsed;
  const [fault] = document.errors;
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw new ProviderError("unavailable", `line ${line}, column ${col}: ${fault.message.split("\n")[0] ?? ""}`);
  }
  const { contents } = document;
  const list = isMap(contents) ? contents.get("machines", true) : contents;
  if (list === undefined || list === null || (isScalar(list) && isNothing(list.value))) {
    if (isMap(contents) && contents.items.length > 0 && !contents.has("machines")) {
      throw new ProviderError("unavailable", 'expected a list of machines, or a mapping with the list as "machines"');
    }
    return { rows: [], problems: [] };
  }
  if (!isSeq(list)) {
    throw new ProviderError("unavailable", 'expected a list of machines, or a mapping with the list as "machines"');
  }
  if (list.items.length > rowsLimit) {
    throw new ProviderError("unavailable", `has ${list.items.length} machines: expected at most ${rowsLimit}`);
  }
  const problems: string[] = [];
  const rows = (list.items as Node[]).flatMap((item): Row[] => {
    const place = `line ${lines.linePos(item.range?.[0] ?? 0).line}`;
    try {
      const value: unknown = item.toJS(document, { maxAliasCount: aliasLimit });
      if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        return [{ place, cells: new Map(Object.entries(value)) }];
      }
      problems.push(`${place}: expected a mapping such as "name: web1"`);
    } catch {
      problems.push(`${place}: its aliases repeat too much: expected the machine's own values`);
    }
    return [];
  });
  return { rows, problems };
}

/** Reads JSON: the same as YAML, and nothing that is not JSON. @throws {ProviderError} `unavailable` */
export function jsonRows(text: string): InventoryRows {
  if (text.trim() !== "") {
    try {
      JSON.parse(text);
    } catch (error) {
      throw new ProviderError(
        "unavailable",
        `is no JSON: ${error instanceof Error ? error.message.slice(0, 200) : ""}`,
        {
          cause: error,
        },
      );
    }
  }
  return yamlRows(text);
}

/** Without types, what says nothing is text. */
function isNothing(value: unknown): boolean {
  return value === null || (typeof value === "string" && ["", "null", "~"].includes(value));
}
