// `npm start`: `farrier up` from the checkout, with the console built anew where its sources have changed.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { consoleIsCurrent } from "./console-sources.ts";

if (!(await consoleIsCurrent())) {
  process.stderr.write("building the console, a few seconds …\n");
  // In a process of its own: the bundler's memory is gone with it.
  const build = fileURLToPath(new URL("console-build.ts", import.meta.url));
  if (spawnSync(process.execPath, [build], { stdio: ["ignore", 2, 2] }).status !== 0) {
    process.stderr.write("the console could not be built, everything else works; later: npm run console\n");
  }
}
await import("../src/main/farrier.ts");
