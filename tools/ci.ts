// `npm run ci`: everything that CI checks, each once. Nothing is left out after a failure, so that one run shows them all.
// The last line is the tests' `N passed, N failed`.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Scripts of package.json; the tests last. */
const checks = ["types", "lint", "format:check", "unused", "generate:check", "proto:lint", "proto:breaking", "test"];

const failed: string[] = [];
for (const check of checks) {
  process.stdout.write(`\n== npm run ${check}\n`);
  if (check === checks.at(-1) && failed.length > 0) {
    process.stdout.write(`failed before the tests: ${failed.join(", ")}\n`);
  }
  const child = spawn("npm", ["run", "--silent", check], { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) {
    failed.push(check);
  }
}
process.exitCode = failed.length === 0 ? 0 : 1;
