import type { JsonValue } from "@bufbuild/protobuf";

/** A key that every YAML parser, including YAML 1.1, reads as a string without quotes. */
const plainKey = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z_][\w-]*$/iu;

/** JSON data as YAML in block style (https://yaml.org/spec/1.2.2). Strings are always quoted. */
export function toYaml(value: JsonValue): string {
  return `${block(value, "").replace(/^\n/u, "").trimStart()}\n`;
}

/** What follows "key:" or "-": a blank and a scalar, or indented lines. */
function block(value: JsonValue, indent: string): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? " []" : value.map((item) => `\n${indent}-${nested(item, `${indent}  `)}`).join("");
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    return entries.length === 0
      ? " {}"
      : entries.map(([key, item]) => `\n${indent}${keyText(key)}:${block(item, `${indent}  `)}`).join("");
  }
  return ` ${typeof value === "string" ? quoted(value) : String(value)}`;
}

/** Within a list, the first line follows the dash. */
function nested(value: JsonValue, indent: string): string {
  const text = block(value, indent);
  return text.startsWith("\n") ? ` ${text.slice(1 + indent.length)}` : text;
}

function keyText(key: string): string {
  return plainKey.test(key) ? key : quoted(key);
}

/** YAML's double-quoted strings accept JSON's escapes; characters that YAML forbids are escaped too. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
