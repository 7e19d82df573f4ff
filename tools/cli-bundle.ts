import { basename } from "node:path";
import { rolldown } from "rolldown";
import { errorsOutside } from "./bundle-errors.ts";

/** A file of the bundle. */
export interface BundleFile {
  /** Beside the entry. */
  name: string;
  code: string;
}

const lazyHttp2 = "\0lazy-http2";
/**
 * The command line speaks HTTP/1.1, but its client library imports `node:http2`, which takes as long to load as Node takes to
 * start. Loaded at the first use, it is never loaded.
 */
const lazyHttp2Code = `
const http2 = () => process.getBuiltinModule("node:http2");
export const connect = (...given) => http2().connect(...given);
export const constants = new Proxy({}, { get: (_, name) => http2().constants[name] });
`;

/**
 * The command line as one file, its libraries with it, and a file for what each command loads only when it runs: one file is found,
 * read and compiled where there were some 300. What starts a process stays outside, in files of its own
 * (process-bundle.ts), and so do the errors' classes.
 * @param entry `src/main/farrier.ts`
 */
export async function cliBundle(entry: string): Promise<BundleFile[]> {
  await using bundle = await rolldown({
    input: entry,
    platform: "node",
    logLevel: "silent",
    // Node's own class is part of its fetch, which takes longer to load than the rest of a command.
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
