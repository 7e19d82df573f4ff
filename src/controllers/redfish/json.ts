// A controller's JSON is untrusted: the type of every value is checked before use.

/** A JSON object in an answer. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object; an empty object if it is not one. Pure. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The items of a list; none if the value is not a list. Pure. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** The value as a trimmed text; undefined if it is empty or not a text. Pure. */
export function textOf(value: unknown): string | undefined {
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" ? undefined : text;
}

/** The texts in a list. Pure. */
export function textsOf(value: unknown): readonly string[] {
  return listOf(value).flatMap((item) => textOf(item) ?? []);
}

/** The value as a finite number; undefined for anything else. Pure. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The value at this path of property names. Pure. */
export function valueAt(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((inner, name) => objectOf(inner)[name], value);
}

/** The link in the reference (`{"@odata.id": "…"}`) at this path. Pure. */
export function linkAt(value: unknown, ...names: readonly string[]): string | undefined {
  return textOf(valueAt(value, ...names, "@odata.id"));
}

/** The links in the list of references at this path. Pure. */
export function linksAt(value: unknown, ...names: readonly string[]): readonly string[] {
  return listOf(valueAt(value, ...names)).flatMap((item) => linkAt(item) ?? []);
}
