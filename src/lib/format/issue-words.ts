import type { z } from "zod";

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

const types: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  bigint: "a whole number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
  date: "a time",
  null: "null",
};

/** Units of things that have a size. */
const units: Readonly<Record<string, string>> = {
  string: " characters",
  array: " entries",
  set: " entries",
  map: " entries",
  file: " bytes",
};

/** What is wrong with a value, unless the schema says it itself; passed to `parse` and `safeParse` as `error`. Pure. */
export function issueWords(issue: RawIssue): string {
  switch (issue.code) {
    case "invalid_type": {
      const expected = types[issue.expected] ?? issue.expected;
      return issue.input === undefined ? `is missing: expected ${expected}` : `expected ${expected}`;
    }
    case "too_small":
      return `expected ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${units[issue.origin] ?? ""}`;
    case "too_big":
      return `expected ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${units[issue.origin] ?? ""}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => JSON.stringify(value) ?? String(value)).join(" or ")}`;
    case "unrecognized_keys":
      return `has fields that are not known: ${issue.keys.join(", ")}`;
    case "invalid_format":
      return `expected ${issue.format === "regex" ? `text that matches ${issue.pattern ?? "a pattern"}` : issue.format}`;
    default:
      return "is not one of the expected values";
  }
}

/**
 * Everything that is wrong with a value, each with its path: "memoryMiB: expected at least 256; disks.0.bytes: …".
 * Pure.
 */
export function problemWords(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`))
    .join("; ");
}
