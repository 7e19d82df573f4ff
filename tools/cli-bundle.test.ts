import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { cliBundle, type BundleFile } from "./cli-bundle.ts";

/** The files that an entry loads before it does anything. */
function loadedWith(entry: string, files: readonly BundleFile[]): BundleFile[] {
  const found = new Map<string, BundleFile>();
  const visit = (name: string): void => {
    const file = files.find((one) => one.name === name);
    if (file === undefined || found.has(name)) {
      return;
    }
    found.set(name, file);
    for (const [, imported = ""] of file.code.matchAll(/^(?:import|export)\b.* from "\.\/([^"]+)";$/gmu)) {
      visit(imported);
    }
  };
  visit(entry);
  return [...found.values()];
}

test("P9: a command line loads neither the API's descriptors nor HTTP, TLS or cryptography before it is parsed", async () => {
  const files = await cliBundle(fileURLToPath(new URL("../src/main/farrier.ts", import.meta.url)));
  const first = loadedWith("farrier.js", files);
  expect(first.length).toBeGreaterThan(1);
  expect(first.filter(({ code }) => /\bfileDesc\(/u.test(code)).map(({ name }) => name)).toEqual([]);
  const modules = /from "(?:node:)?(?:http2?|https|tls|crypto|zlib)"/u;
  expect(files.filter(({ code }) => modules.test(code)).map(({ name }) => name)).toEqual([]);
  // Node's own Headers load its whole HTTP client.
  expect(files.filter(({ code }) => code.includes("globalThis.Headers")).map(({ name }) => name)).toEqual([]);
});
