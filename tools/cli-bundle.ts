import { basename } from "node:path";
import { rolldown } from "rolldown";
import { errorsOutside } from "./bundle-errors.ts";

/** A file of the bundle. */
export interface BundleFile {
  /** Relative to the entry. */
  name: string;
  code: string;
}

const lazyHttp2 = "\0lazy-http2";
/**
 * The command line uses HTTP/1.1, but its client library imports `node:http2`, which takes as long to load as Node's
 * start. With loading at first use, it is never loaded.
 */
const lazyHttp2Code = `
const http2 = () => process.getBuiltinModule("node:http2");
export const connect = (...given) => http2().connect(...given);
export const constants = new Proxy({}, { get: (_, name) => http2().constants[name] });
`;

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
    // Node's own class belongs to its fetch, which takes longer to load than the rest of a command.
    transform: { inject: { Headers: ["headers-polyfill", "Headers"] } },
    plugins: [
      {
        name: "HTTP/2 only where it is spoken",
        resolveId: (source) => (/^(?:node:)?http2$/u.test(source) ? lazyHttp2 : null),
        load: (id) => (id === lazyHttp2 ? lazyHttp2Code : null),
      },
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
