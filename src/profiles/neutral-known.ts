import { isMap, isScalar, isSeq, parseAllDocuments, Scalar, type Node } from "yaml";
import { valueMarker } from "./template-engine.ts";
import { valueMisplaced } from "./value-misplaced.ts";
import { yamlShape, type YamlShape } from "./yaml-shape.ts";

/** What follows from a text with {@link valueMarker} in place of each value. */
export interface NeutralKnown {
  /** Why a value may not stand where it stands. */
  misplaced: string | undefined;
  shape: YamlShape;
  /**
   * The text between the values, if each of them stands alone: then other values of the kinds that {@link valuesOnly} takes
   * change nothing of the structure.
   */
  between?: readonly string[];
}

/** Looks at such a text. Pure. */
export function neutralKnown(text: string): NeutralKnown {
  const misplaced = valueMisplaced(text);
  const shape = yamlShape(text);
  const between = text.split(`"${valueMarker}"`);
  const isPlain = misplaced === undefined && shape.kind === "shape" && valuesAlone(text) === between.length - 1;
  return { misplaced, shape, ...(isPlain ? { between } : {}) };
}

/**
 * How many values stand alone: as a text without a tag that is no key. Keys must differ and are bounded, a tag or an anchor
 * may make an error of a value, and comments are not seen here.
 */
function valuesAlone(text: string): number {
  const count = (node: Node | null): number => {
    if (isMap(node)) {
      return node.items.reduce((sum, { value }) => sum + count(value as Node | null), 0);
    }
    if (isSeq(node)) {
      return node.items.reduce((sum: number, item) => sum + count(item as Node | null), 0);
    }
    return isScalar(node) && node.value === valueMarker && node.type === Scalar.QUOTE_DOUBLE && node.tag === undefined
      ? 1
      : 0;
  };
  return [...parseAllDocuments(text, { version: "1.1" })].reduce(
    (sum, { contents }) => sum + count(contents as Node | null),
    0,
  );
}
