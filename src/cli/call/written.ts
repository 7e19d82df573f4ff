import type { Output } from "../context.ts";

/** Writes, and resolves once the text is written out: a command that waits for it takes no more than its reader does. */
export function written(output: Output, text: string): Promise<void> {
  return new Promise((resolve) => void output.write(text, () => resolve()));
}
