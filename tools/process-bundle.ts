import { basename, relative } from "node:path";
import { rolldown } from "rolldown";
import { builtinModules } from "../boot-image/builtin-modules.ts";
import { errorsOutside } from "./bundle-errors.ts";
import type { BundleFile } from "./cli-bundle.ts";

/**
 * Bundles the processes into one file each, and files for what they share, with their libraries: `farrier up` finds,
 * reads and compiles a few files instead of some 600.
 * @param entries `src/main/<process>.ts`
 * @param root the folder that contains `src/`
 */
export async function processBundle(entries: readonly string[], root: string): Promise<BundleFile[]> {
  await using bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [basename(entry, ".ts"), entry])),
    platform: "node",
    logLevel: "silent",
    plugins: [
      errorsOutside(),
      builtinModules("start"),
      {
        name: "files beside a module",
        // Files that a module finds by its own URL are next to the module in dist/, not next to the bundle in
        // dist/src/main.
        transform: (code, id) =>
          id.startsWith(root) && code.includes("import.meta.url")
            ? code.replaceAll("import.meta.url", `new URL(${JSON.stringify(beside(id, root))}, import.meta.url).href`)
            : null,
      },
    ],
  });
  const { output } = await bundle.generate({
    format: "esm",
    comments: { legal: true, annotation: false, jsdoc: false },
    entryFileNames: "[name].js",
    chunkFileNames: "process-[hash].js",
  });
  return output.flatMap((file) => (file.type === "chunk" ? [{ name: file.fileName, code: file.code }] : []));
}

/** The URL of a module's JavaScript, relative to `dist/src/main`. */
function beside(id: string, root: string): string {
  return `../../${relative(root, id).replace(/\.ts$/u, ".js")}`;
}
