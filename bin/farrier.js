#!/usr/bin/env node
// Starts Farrier: the sources in a checkout, the built files where the package is installed.
import { existsSync } from "node:fs";

const [major] = process.versions.node.split(".").map(Number);
if (major < 24) {
  process.stderr.write(
    `farrier needs Node 24 or newer; this is ${process.version} (${process.execPath}). ` +
      "In a checkout run it as `npx farrier` after `npm ci`, which brings the right Node.\n",
  );
  process.exit(1);
}
const source = new URL("../src/main/farrier.ts", import.meta.url);
await import(existsSync(source) ? source.href : new URL("../dist/src/main/farrier.js", import.meta.url).href);
