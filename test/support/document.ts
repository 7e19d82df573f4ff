import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { root } from "./repository.ts";

/** The commands of the fenced block that follows `<!-- terminal: NAME -->` in a document. */
export async function terminalBlock(document: string, name: string): Promise<string> {
  const text = await readFile(join(root, document), "utf8");
  const found = new RegExp(`<!-- terminal: ${name} -->\\n+\`\`\`sh\\n([^]*?)\`\`\``, "u").exec(text)?.[1];
  if (found === undefined) {
    throw new Error(`${document} has no fenced block after <!-- terminal: ${name} -->`);
  }
  return found;
}

/** The text with other values for what it must contain: addresses, ports and folders that two runs may not share. */
export function replaced(text: string, what: Readonly<Record<string, string>>): string {
  return Object.entries(what).reduce((before, [from, to]) => {
    expect(before).toContain(from);
    return before.replaceAll(from, to);
  }, text);
}
