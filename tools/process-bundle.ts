import { basename, relative } from "node:path";
import { rolldown } from "rolldown";
import { errorsOutside } from "./bundle-errors.ts";
import type { BundleFile } from "./cli-bundle.ts";

/**
 * The processes as one file each, and files for what they share, their libraries in them: `farrier up` finds, reads and compiles a few
 * files where there were some 600.
 * @param entries `src/main/<process>.ts`
 * @param root the folder that `src/` is in
 */
export async function processBundle(entries: readonly string[], root: string): Promise<BundleFile[]> {
  await using bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [basename(entry, ".ts"), entry])),
    platform: "node",
    logLevel: "silent",
    plugins: [
      errorsOutside(),
      {
        name: "files beside a module",
        // What a module finds by its own address lies beside it in dist/, not beside the bundle in dist/src/main.
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

/** The address of a module's JavaScript, as seen from `dist/src/main`. */
function beside(id: string, root: string): string {
  return `../../${relative(root, id).replace(/\.ts$/u, ".js")}`;
}
