import { type Document, isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import type { z } from "zod";
import { issueWords } from "../../lib/format/issue-words.ts";
import { nearestWord } from "../../lib/format/nearest-word.ts";
import { printable } from "../../lib/format/printable.ts";
import { yamlDocument } from "../../lib/yaml-document.ts";
import { ProvidersFileError } from "./providers-file-error.ts";
import { providerSchemas, type ProviderSettings, providerTypes } from "./settings.ts";

/** Maximum number of providers. */
const providersMost = 100;
/** The number of problems that are named. */
const problemsNamed = 20;

type Path = readonly PropertyKey[];

/**
 * Reads a file of providers: `providers:` with a list of them.
 * @param title the file's name, which begins each problem
 * @throws {ProvidersFileError}
 */
export function providersParse(text: string, title: string): ProviderSettings[] {
  const parsed = yamlDocument(text, { prettyErrors: false });
  if (parsed === undefined) {
    const problem = `${title}:1:1: is nested too deeply: expected "providers:" with a list of providers`;
    throw new ProvidersFileError([problem]);
  }
  const { document, lines } = parsed;
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${title}:${line}:${col}`;
  };
  const fail = (problems: readonly string[]): never => {
    throw new ProvidersFileError(problems.slice(0, problemsNamed));
  };
  if (document.errors.length > 0) {
    return fail(document.errors.map(({ pos, message }) => `${at(pos[0])}: ${printable(message)}`));
  }
  const { contents } = document;
  const list = isMap(contents) ? contents.get("providers", true) : undefined;
  const strange = isMap(contents) ? contents.items.filter(({ key }) => keyText(key) !== "providers") : [];
  if (!isMap(contents) || strange.length > 0 || !isSeq(list)) {
    const [first] = strange;
    return fail([
      first === undefined
        ? `${at(0)}: expected "providers:" with a list of providers, each with name and type`
        : `${at(rangeOf(first.key))}: "${printable(keyText(first.key))}" is not known: expected providers alone${didYouMean(keyText(first.key), ["providers"])}`,
    ]);
  }
  if (list.items.length > providersMost) {
    return fail([`${at(rangeOf(list))}: has ${list.items.length} providers: expected at most ${providersMost}`]);
  }
  const problems: string[] = [];
  const settings: ProviderSettings[] = [];
  const places = new Map<string, string>();
  list.items.forEach((item, index) => {
    const base = ["providers", index];
    let value: unknown;
    try {
      value = (item as Node).toJS(document, { maxAliasCount: 100 });
    } catch {
      problems.push(`${at(rangeOf(item))}: its aliases repeat too much: expected the provider's own values`);
      return;
    }
    const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    const known = providerTypes.find((one) => one === type);
    if (known === undefined) {
      const near = typeof type === "string" ? didYouMean(type, providerTypes) : "";
      const problem =
        type === undefined
          ? "has no type"
          : `type "${printable(typeof type === "string" ? type : JSON.stringify(type)).slice(0, 60)}" is not known`;
      const place = at(offsetOf(document, [...base, ...(type === undefined ? [] : ["type"])]));
      problems.push(`${place}: ${problem}: expected ${providerTypes.join(", ")}${near}`);
      return;
    }
    const checked = (providerSchemas[known] as z.ZodType<ProviderSettings>).safeParse(value, { error: issueWords });
    if (!checked.success) {
      problems.push(...checked.error.issues.flatMap((issue) => issueLines(issue, base, known, document, at)));
      return;
    }
    const { name } = checked.data;
    const place = at(offsetOf(document, [...base, "name"]));
    const before = places.get(name);
    if (before !== undefined) {
      problems.push(`${place}: there is a provider "${name}" at ${before} already: expected another name`);
    }
    places.set(name, place);
    settings.push(checked.data);
  });
  return problems.length === 0 ? settings : fail(problems);
}

function issueLines(
  issue: z.core.$ZodIssue,
  base: Path,
  type: keyof typeof providerSchemas,
  document: Document,
  at: (offset: number) => string,
): string[] {
  const inside = innermost(issue);
  if (inside.code === "unrecognized_keys") {
    return inside.keys.map((key) => {
      const known = knownKeys(type, inside.path);
      const node = pairOf(document, [...base, ...inside.path], key);
      return `${at(rangeOf(node?.key))}: "${printable(key).slice(0, 60)}" is not known here: expected ${known.join(", ")}${didYouMean(key, known)}`;
    });
  }
  const where = inside.path.map(String).join(".");
  return [`${at(offsetOf(document, [...base, ...inside.path]))}: ${where === "" ? "" : `${where}: `}${inside.message}`];
}

/** Of a union's issue, the issue that is nearest to a value that fits. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") {
    return issue;
  }
  const [first] = issue.errors.flatMap((errors) => errors).toSorted((a, b) => b.path.length - a.path.length);
  return first === undefined ? issue : { ...first, path: [...issue.path, ...first.path] };
}

function knownKeys(type: keyof typeof providerSchemas, path: Path): string[] {
  let shape: unknown = providerSchemas[type];
  for (const key of path) {
    shape = unwrapped((unwrapped(shape) as z.ZodObject).shape[String(key)]);
  }
  return Object.keys((unwrapped(shape) as z.ZodObject).shape);
}

function unwrapped(schema: unknown): unknown {
  const inner = schema as { unwrap?: () => unknown };
  return typeof inner.unwrap === "function" ? unwrapped(inner.unwrap()) : schema;
}

function didYouMean(word: string, words: readonly string[]): string {
  const near = nearestWord(word, words);
  return near === undefined ? "" : `; did you mean ${near}?`;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}

function pairOf(document: Document, path: Path, key: string): Pair | undefined {
  const map = document.getIn(path, true);
  return isMap(map) ? map.items.find((pair) => keyText(pair.key) === key) : undefined;
}

/** Where a value is; of a value that is not there, where the innermost value that is there begins. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (node !== undefined) {
      return rangeOf(node);
    }
  }
  return 0;
}

function rangeOf(node: unknown): number {
  return (node as Partial<Node> | undefined)?.range?.[0] ?? 0;
}
