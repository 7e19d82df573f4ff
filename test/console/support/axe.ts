import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules about colours, which alone another theme concerns: themes differ in colours and in nothing else. */
const colours = ["color-contrast", "link-in-text-block"];

/** What axe finds wrong in a page, one line each; `only` its colours, where all else was looked at in another theme. */
export async function axeViolations(page: Page, only?: "colours"): Promise<string[]> {
  if (!(await page.evaluate<boolean>("typeof axe === 'object'"))) {
    // By the debugger, which the page's Content-Security-Policy does not concern.
    await page.evaluate(await source);
  }
  const options = { resultTypes: ["violations"], ...(only === undefined ? {} : { runOnly: colours }) };
  const results = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html.slice(0, 200)} ${any[0]?.message ?? ""}`.trim()),
  );
}
