/** All but the characters that mean nothing to YAML, Jinja, JSON or a shell within double quotes. */
const special = /[^\p{L}\p{N} _.,:/@+=-]/gu;

/**
 * A value as YAML that can't be taken for anything else: a text in double quotes with all but plain characters escaped, so
 * that it neither ends its quotes nor any around them; lists and mappings in JSON's form. Pure.
 * @throws {TypeError} for what is no plain data
 */
export function yamlQuoted(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `"${value.toWellFormed().replaceAll(special, escaped)}"`;
    case "number":
      if (Number.isFinite(value)) {
        return String(value);
      }
      break;
    case "boolean":
      return String(value);
    case "object":
      if (Array.isArray(value)) {
        return `[${value.map((item) => yamlQuoted(item)).join(", ")}]`;
      }
      if (value !== null) {
        return `{${Object.entries(value)
          .map(([key, item]) => `${yamlQuoted(key)}: ${yamlQuoted(item)}`)
          .join(", ")}}`;
      }
      break;
    default:
  }
  throw new TypeError("there is no value to quote");
}

/** In the form that YAML and JSON share: \uXXXX, with surrogates for what is beyond. */
function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => String.raw`\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");
}
