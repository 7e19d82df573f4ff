// Answers of controllers are strangers' JSON: every value is looked at before it is used.

/** An object of an answer. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object; without members where it is none. Pure. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The value's items; none where it is no list. Pure. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** The value as a text without blanks around it; undefined for anything else and for an empty one. Pure. */
export function textOf(value: unknown): string | undefined {
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" ? undefined : text;
}

/** The texts of a list. Pure. */
export function textsOf(value: unknown): readonly string[] {
  return listOf(value).flatMap((item) => textOf(item) ?? []);
}

/** The value as a finite number. Pure. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The value below these names, one after the other. Pure. */
export function valueAt(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((inner, name) => objectOf(inner)[name], value);
}

/** Where a reference (`{"@odata.id": "…"}`) below these names leads. Pure. */
export function linkAt(value: unknown, ...names: readonly string[]): string | undefined {
  return textOf(valueAt(value, ...names, "@odata.id"));
}

/** Where the references of a list below these names lead. Pure. */
export function linksAt(value: unknown, ...names: readonly string[]): readonly string[] {
  return listOf(valueAt(value, ...names)).flatMap((item) => linkAt(item) ?? []);
}
