import { createHash } from "node:crypto";
import type { Page } from "playwright-core";
import { axeViolations } from "./axe.ts";

/** How a page is looked at while axe looks for faults. */
export interface AxeLook {
  colorScheme: "light" | "dark";
  size: { width: number };
}

/**
 * What axe finds in documents, each looked at once in a size and a theme: a page that is the same for two roles is the
 * same for axe. What has faults is looked at again each time, so that each test says them.
 */
export class AxeOnce {
  readonly #faultless = new Set<string>();

  /** What axe finds wrong in the page as it is. */
  async violations(page: Page, { colorScheme, size }: AxeLook): Promise<string[]> {
    const html = await page.evaluate<string>("document.documentElement.outerHTML");
    const hash = createHash("sha256").update(documentShape(html)).digest("hex");
    const sized = `${hash} ${size.width}`;
    const themed = `${sized} ${colorScheme}`;
    if (this.#faultless.has(themed)) {
      return [];
    }
    const violations = await axeViolations(page, this.#faultless.has(sized) ? "colours" : undefined);
    if (violations.length === 0) {
      this.#faultless.add(sized).add(themed);
    }
    return violations;
  }
}

/** Attributes with words, whose numbers and names are about this moment and who is signed in. */
const wordsOf = /(?<= (?:title|datetime|aria-label|aria-valuenow|aria-valuetext|aria-description)=")[^"]*/gu;

/**
 * A document without what axe does not look at: numbers and roles in its words, and how React numbers its ids. Everything
 * else counts: elements, classes, attributes, and which id refers to which. Pure.
 */
function documentShape(html: string): string {
  const ids = new Map<string, string>();
  return html
    .replaceAll(/_r_[0-9a-z]+_/gu, (id) => {
      const same = ids.get(id) ?? `_r_${ids.size}_`;
      ids.set(id, same);
      return same;
    })
    .replaceAll(wordsOf, wordsShape)
    .replaceAll(/(?<=>)[^<>]+(?=<)/gu, wordsShape);
}

function wordsShape(words: string): string {
  return words.replaceAll(/\b(?:viewer|operator|admin)\b/gu, "role").replaceAll(/\d+(?: (?:s|min|h)\b)?/gu, "0");
}
