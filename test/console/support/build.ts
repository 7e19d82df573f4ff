import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { consoleIsCurrent } from "../../../tools/console-sources.ts";

/** Before the tests: the console is built from the sources as they are. */
export async function setup(): Promise<void> {
  if (!(await consoleIsCurrent())) {
    // In a process of its own: the build sets NODE_ENV.
    const build = fileURLToPath(new URL("../../../tools/console-build.ts", import.meta.url));
    if (spawnSync(process.execPath, [build], { stdio: "inherit" }).status !== 0) {
      throw new Error("the console could not be built");
    }
  }
}
