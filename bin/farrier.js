#!/usr/bin/env node
// Starts Farrier: the sources in a checkout, the built files where the package is installed.
import { existsSync, readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";

const [major] = process.versions.node.split(".").map(Number);
if (major < 24) {
  process.stderr.write(
    `farrier needs Node 24 or newer; this is ${process.version} (${process.execPath}). ` +
      "In a checkout run it as `npx farrier` after `npm ci`, which brings the right Node.\n",
  );
  process.exit(1);
}
// Asked by programs, often: it is not worth loading the command line for.
if (process.argv.length === 3 && process.argv[2] === "--version") {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  process.stdout.write(`${version}\n`);
  process.exit(0);
}
// What V8 compiled is kept for the next start, in this user's own folder: a folder that others may write to could hold anybody's code.
const home = process.env.XDG_CACHE_HOME || (process.env.HOME && join(process.env.HOME, ".cache"));
if (home) {
  enableCompileCache(join(home, "farrier", "compiled"));
}
const source = new URL("../src/main/farrier.ts", import.meta.url);
await import(existsSync(source) ? source.href : new URL("../dist/src/main/farrier.js", import.meta.url).href);
