// Values of a profile's text, by kind. Each notes what is wrong, and goes on with what stands for nothing.

/** What is wrong with a value. */
export interface ValueProblem {
  path: readonly string[];
  words: string;
}

/** An object with only known keys; undefined if there is none. @param known absent = any key */
export function recordValue(
  value: unknown,
  path: readonly string[],
  problems: ValueProblem[],
  known?: readonly string[],
): Record<string, unknown> | undefined {
  if (value === undefined) {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const fields = known === undefined ? "" : ` with ${known.join(", ")}`;
    problems.push({ path, words: `expected an object${fields}` });
    return undefined;
  }
  const others = known === undefined ? [] : Object.keys(value).filter((key) => !known.includes(key));
  if (others.length > 0) {
    problems.push({ path, words: `has fields that are not known: ${others.join(", ")}` });
  }
  return value as Record<string, unknown>;
}

/** A text; undefined if there is none. */
export function textValue(
  value: unknown,
  path: readonly string[],
  problems: ValueProblem[],
  required = false,
): string | undefined {
  if (typeof value === "string") {
    return value;
  }
  if (value !== undefined) {
    problems.push({ path, words: "expected text" });
  } else if (required) {
    problems.push({ path, words: "is missing: expected text" });
  }
  return undefined;
}

/** True or false; false if there is none. */
export function flagValue(value: unknown, path: readonly string[], problems: ValueProblem[]): boolean {
  if (value !== undefined && typeof value !== "boolean") {
    problems.push({ path, words: "expected true or false" });
  }
  return value === true;
}

/** A number; 0 if there is none. */
export function numberValue(value: unknown, path: readonly string[], problems: ValueProblem[]): number {
  if (value === undefined || (typeof value === "number" && Number.isFinite(value))) {
    return value ?? 0;
  }
  problems.push({ path, words: "expected a number" });
  return 0;
}

/** A whole number that must be there. */
export function wholeValue(value: unknown, path: readonly string[], problems: ValueProblem[]): number {
  if (Number.isSafeInteger(value)) {
    return Number(value);
  }
  problems.push({ path, words: `${value === undefined ? "is missing: " : ""}expected a whole number` });
  return 0;
}

/** A list of texts; empty if there is none. */
export function listValue(value: unknown, path: readonly string[], problems: ValueProblem[]): string[] {
  if (value === undefined) {
    return [];
  }
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== "string")) {
    problems.push({ path, words: "expected a list of texts" });
    return [];
  }
  return value as string[];
}
