// After `npm ci`: builds the console. An install never fails by it: `/console/` says what to do where it is not built.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const [major] = process.versions.node.split(".").map(Number);
// Without the development dependencies, or without the sources, there is nothing to build it by.
if (major >= 24 && ["../node_modules/vite", "../console", "console-build.ts"].every((name) => existsSync(path(name)))) {
  const { status } = spawnSync(process.execPath, [path("console-build.ts")], { stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    process.stderr.write("the console could not be built; later: npm run console\n");
  }
}
