// `npm run console`: the console, built into dist/console with its compressed forms. `npm ci` and `npm run build` do it too;
// `npm start` does where the sources have changed since.
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "vite";
import { consoleListName, type ConsoleFile, type ConsoleList } from "../src/operator-api/console/console-list.ts";
import { consoleDirectory, consoleSourcesDigest } from "./console-sources.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};
/** Compressed files that are hardly smaller are not kept. */
const worthwhile = 0.95;

/** Builds the console. It replaces the one before only when it is whole. */
export async function consoleBuild(): Promise<void> {
  // Libraries look at it, and the environment may name another one, as it does in tests.
  process.env["NODE_ENV"] = "production";
  const digest = await consoleSourcesDigest();
  const made = `${consoleDirectory}.${process.pid}.new`;
  try {
    await build({
      configFile: fileURLToPath(new URL("../console/vite.config.ts", import.meta.url)),
      logLevel: "warn",
      build: { outDir: made },
    });
    const names = (await readdir(made, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(made.length + 1));
    const files: Record<string, ConsoleFile> = {};
    for (const name of names.toSorted()) {
      files[name] = await fileCompress(made, name);
    }
    const list: ConsoleList = { sources: digest, files };
    await writeFile(join(made, consoleListName), `${JSON.stringify(list, null, 1)}\n`);
    const before = `${made}.before`;
    await mkdir(consoleDirectory, { recursive: true });
    await rename(consoleDirectory, before);
    await rename(made, consoleDirectory);
    await rm(before, { recursive: true, force: true });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** Writes a file's compressed forms next to it. */
async function fileCompress(directory: string, name: string): Promise<ConsoleFile> {
  const type = types[extname(name)];
  if (type === undefined) {
    throw new Error(`no content type is known for ${basename(name)}: add one to tools/console-build.ts`);
  }
  const bytes = await readFile(join(directory, name));
  const quality = {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  };
  const forms = {
    br: await promisify(brotliCompress)(bytes, quality),
    gz: await promisify(gzip)(bytes, { level: 9 }),
  };
  const file: ConsoleFile = { type, bytes: bytes.length };
  for (const form of ["br", "gz"] as const) {
    if (forms[form].length < bytes.length * worthwhile) {
      await writeFile(join(directory, `${name}.${form}`), forms[form]);
      file[form] = forms[form].length;
    }
  }
  return file;
}

if (import.meta.main) {
  await consoleBuild();
}
