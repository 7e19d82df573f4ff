import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Node } from "yaml";

/** The structure of a YAML text without its values; a string says why it is not YAML. */
export type YamlShape = { kind: "shape"; shape: string } | { kind: "problem"; problem: string };

/** Nodes of one text; more are a mistake, or made to take memory. */
const nodesMost = 100_000;

/**
 * Reads the structure of a text: kinds of its nodes and their order. cloud-init reads YAML 1.1. Two texts with the same
 * structure differ in values alone. Pure.
 */
export function yamlShape(text: string): YamlShape {
  try {
    const documents = [...parseAllDocuments(text, { version: "1.1" })];
    const error = documents.flatMap(({ errors }) => errors)[0];
    if (error !== undefined) {
      return { kind: "problem", problem: error.message.split("\n")[0]?.replace(/:$/u, "") ?? "it is not YAML" };
    }
    let nodes = 0;
    const shapeOf = (node: Node | null | undefined): string => {
      nodes += 1;
      if (nodes > nodesMost) {
        throw new RangeError("too many nodes");
      }
      const anchor = node !== null && node !== undefined && "anchor" in node && node.anchor !== undefined ? "&" : "";
      const tag = node?.tag === undefined ? "" : `!${node.tag}`;
      if (isMap(node)) {
        return `${anchor}${tag}{${node.items.map(({ key, value }) => `${shapeOf(key as Node)}:${shapeOf(value as Node)}`).join()}}`;
      }
      if (isSeq(node)) {
        return `${anchor}${tag}[${node.items.map((item) => shapeOf(item as Node)).join()}]`;
      }
      // The kinds of scalars that are written without quotes follow from their text, not from the structure.
      return isAlias(node) ? "*" : isScalar(node) ? `${anchor}s` : "-";
    };
    return { kind: "shape", shape: documents.map(({ contents }) => shapeOf(contents as Node | null)).join("---") };
  } catch (error) {
    if (error instanceof RangeError) {
      return { kind: "problem", problem: "it is nested too deeply, or has too many values" };
    }
    throw error;
  }
}
