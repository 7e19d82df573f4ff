import { basename } from "node:path";
import { rolldown } from "rolldown";
import { builtinModules } from "../boot-image/builtin-modules.ts";
import { errorsOutside } from "./bundle-errors.ts";

/** A file of the bundle. */
export interface BundleFile {
  /** Relative to the entry. */
  name: string;
  code: string;
}

/**
 * Bundles the command line with its libraries into one file, plus a file for each command's lazily loaded code: one
 * file is found, read and compiled instead of some 300. The code of long-running processes is in files of its own
 * (process-bundle.ts), and so are the error classes.
 * @param entry `src/main/farrier.ts`
 */
export async function cliBundle(entry: string): Promise<BundleFile[]> {
  await using bundle = await rolldown({
    input: entry,
    platform: "node",
    logLevel: "silent",
    // Node's own class belongs to its fetch, which takes longer to load than the rest of a command; to look at it is
    // enough.
    transform: { inject: { Headers: ["headers-polyfill", "Headers"] }, define: { "globalThis.Headers": "undefined" } },
    plugins: [
      // Loading HTTP/2 takes as long as Node's start, and TLS half of it: a command by HTTP in clear text needs neither.
      builtinModules("use"),
      {
        name: "what starts a process",
        resolveId: (source, importer) =>
          importer === entry && source.startsWith("./")
            ? { id: `./${basename(source, ".ts")}.js`, external: true }
            : null,
      },
      errorsOutside(),
    ],
  });
  const { output } = await bundle.generate({
    format: "esm",
    comments: { legal: true, annotation: false, jsdoc: false },
    entryFileNames: "farrier.js",
    chunkFileNames: "cli-[hash].js",
  });
  return output.flatMap((file) => (file.type === "chunk" ? [{ name: file.fileName, code: file.code }] : []));
}
