import { type Document, LineCounter, parseDocument } from "yaml";

/**
 * Parses YAML that others have written.
 * @param options `schema`: "failsafe" leaves all values as text; `prettyErrors`: errors show the lines around them
 * @returns the document, and its lines; undefined if lists or mappings are nested more deeply than can be read
 */
export function yamlDocument(
  text: string,
  options: { schema?: "core" | "failsafe"; prettyErrors?: boolean } = {},
): { document: Document.Parsed; lines: LineCounter } | undefined {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { ...options, lineCounter: lines, uniqueKeys: true });
    return document.errors.some(({ code }) => code === "RESOURCE_EXHAUSTION") ? undefined : { document, lines };
  } catch (error) {
    // It depends on where the stack ends whether the parser finds it out, or this does.
    if (error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}
