// How cloud-init reads a request's data: the operator API refuses and the agent writes by the same rules.
import { Document, isMap, isScalar, parseAllDocuments } from "yaml";

/** Text that cloud-init accepts, or why it would not. */
export type CloudInitText = { kind: "text"; text: string } | { kind: "problem"; problem: string };

const idKey = "instance-id";

/** Meta data with an instance id: its own if it has one, otherwise `id`. Everything else stays unchanged. Pure. */
export function metaDataWith(metaData: Uint8Array, id: string): CloudInitText {
  const decoded = cloudInitText(metaData);
  if (decoded.kind === "problem") {
    return decoded;
  }
  const parsed = mappingOf(decoded.text);
  if (typeof parsed === "string") {
    return { kind: "problem", problem: parsed };
  }
  const own: unknown = parsed.get(idKey, true);
  if (own !== undefined && !isScalar(own)) {
    return { kind: "problem", problem: `its ${idKey} is a list or a mapping, expected text` };
  }
  if (own !== undefined && (typeof own.value === "string" ? own.value.trim() !== "" : own.value !== null)) {
    return decoded;
  }
  const written = own === undefined ? inserted(decoded.text, parsed, id) : undefined;
  if (written !== undefined) {
    return { kind: "text", text: written };
  }
  parsed.set(idKey, id);
  return { kind: "text", text: String(parsed) };
}

/** Network configuration as text without a byte order mark, or why cloud-init would not accept it. Pure. */
export function networkConfigText(networkConfig: Uint8Array): CloudInitText {
  const decoded = cloudInitText(networkConfig);
  if (decoded.kind === "problem") {
    return decoded;
  }
  const parsed = mappingOf(decoded.text);
  return typeof parsed === "string" ? { kind: "problem", problem: parsed } : decoded;
}

/** UTF-8, with or without a byte order mark, or UTF-16 with one. */
function cloudInitText(bytes: Uint8Array): CloudInitText {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString("hex");
  const encoding = mark === "fffe" ? "utf-16le" : mark === "feff" ? "utf-16be" : "utf-8";
  try {
    return { kind: "text", text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    return { kind: "problem", problem: "it is not in UTF-8, expected YAML or JSON in UTF-8" };
  }
}

/** The one mapping in a text; a string says why it is not one. */
function mappingOf(text: string): Document | string {
  const documents = documentsOf(text);
  if (documents === undefined) {
    return "it is YAML that is nested too deeply";
  }
  if (documents.length === 0) {
    return new Document({});
  }
  const [document, ...others] = documents;
  if (document === undefined || others.length > 0) {
    return `it has ${documents.length} YAML documents, expected one`;
  }
  const [error] = document.errors;
  if (error !== undefined) {
    return `it is not YAML: ${error.message.split("\n")[0]?.replace(/:$/u, "") ?? ""}`;
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    document.contents = document.createNode({});
  }
  return isMap(document.contents)
    ? document
    : "it is YAML, but not a mapping: expected lines such as local-hostname: web1";
}

/** cloud-init reads YAML 1.1 (PyYAML). Undefined if the parser's stack overflowed. */
function documentsOf(text: string): Document[] | undefined {
  try {
    return [...parseAllDocuments(text, { version: "1.1" })];
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}

/**
 * The text with the id inserted before the mapping's first key, and nothing else changed; undefined if that is not
 * possible.
 */
function inserted(text: string, parsed: Document, id: string): string | undefined {
  const { contents } = parsed;
  if (!isMap(contents)) {
    return undefined;
  }
  if (!contents.range) {
    return `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${idKey}: ${id}\n`;
  }
  const [at, end] = contents.range;
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  const entry = `"${idKey}": "${id}"`;
  const inBraces = contents.items.length === 0 ? `{${entry}}${text.slice(end)}` : `{${entry},${text.slice(at + 1)}`;
  const put = contents.flow === true ? inBraces : `${idKey}: ${id}\n${line}${text.slice(at)}`;
  const written = text.slice(0, at) + put;
  const again = mappingOf(written);
  return typeof again !== "string" && again.get(idKey) === id ? written : undefined;
}
