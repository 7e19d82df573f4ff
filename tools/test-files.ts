import { globSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { importsFile } from "./imports-file.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** These bring the embedded PostgreSQL themselves. */
const bringTheirOwn = ["src/agent/**", "src/cli/**", "src/lab/**", "src/lib/**", "boot-image/**", "test/{e2e,lab}/**"];

function testFiles(): string[] {
  return globSync("{src,boot-image,test,tools}/**/*.test.ts", { cwd: root }).toSorted();
}

/** Test files that run on whatever PostgreSQL the run provides: they are worth another run on another PostgreSQL. */
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
 * The names that `npm test -- -t WORDS` means, and where they are: a case's id such as A1 means itself and not A10, anything else
 * is a regular expression.
 * @returns no files where the words are in no file as they stand: then any file may have them
 */
export function testsNamed(words: string): { named: RegExp; files: string[] } {
  const named = /^[A-Z]\d+$/u.test(words) ? new RegExp(`\\b${words}\\b`, "u") : new RegExp(words, "u");
  const files = testFiles().filter((file) => readFileSync(join(root, file), "utf8").includes(words));
  return { named, files };
}
