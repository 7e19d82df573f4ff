import { globSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { importsFile } from "./imports-file.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** These use the embedded PostgreSQL themselves. */
const bringTheirOwn = ["src/agent/**", "src/cli/**", "src/lab/**", "src/lib/**", "boot-image/**", "test/{e2e,lab}/**"];

function testFiles(): string[] {
  return globSync("{src,boot-image,test,tools}/**/*.test.ts", { cwd: root }).toSorted();
}

/** Test files that use the PostgreSQL of the run, so that running them on another version is useful. */
export function databaseTestFiles(): string[] {
  const provided = join(root, "test/support/database.ts");
  return testFiles().filter((file) => {
    const path = join(root, file);
    return (
      !bringTheirOwn.some((glob) => matchesGlob(file, glob)) &&
      (importsFile(path, provided) || /FARRIER_TEST_POSTGRES_BIN|migrated-database/u.test(readFileSync(path, "utf8")))
    );
  });
}

/**
 * The tests that `npm test -- -t WORDS` selects, and their files: a case id such as A1 selects itself and not A10;
 * anything else is a regular expression.
 * @returns no files if no file contains the words literally; then any file may match
 */
export function testsNamed(words: string): { named: RegExp; files: string[] } {
  const named = /^[A-Z]\d+$/u.test(words) ? new RegExp(`\\b${words}\\b`, "u") : new RegExp(words, "u");
  const files = testFiles().filter((file) => readFileSync(join(root, file), "utf8").includes(words));
  return { named, files };
}
