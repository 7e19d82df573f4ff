import type { JsonValue } from "@bufbuild/protobuf";

/** A word that every reader of YAML, also of 1.1, takes for a text. */
const plainKey = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z_][\w-]*$/iu;

/** JSON data as YAML in block style, as https://yaml.org/spec/1.2.2 has it; texts are always in quotes. */
export function toYaml(value: JsonValue): string {
  return `${block(value, "").replace(/^\n/u, "").trimStart()}\n`;
}

/** What stands behind "key:" or "-": a blank and a scalar, or lines of their own. */
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

/** In a list, the first line stands behind the dash. */
function nested(value: JsonValue, indent: string): string {
  const text = block(value, indent);
  return text.startsWith("\n") ? ` ${text.slice(1 + indent.length)}` : text;
}

function keyText(key: string): string {
  return plainKey.test(key) ? key : quoted(key);
}

/** YAML's double quotes take what JSON's do; what JSON leaves as it is and YAML forbids, is escaped too. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
