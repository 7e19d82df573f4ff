import { globSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { importsFile } from "./imports-file.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** These use the embedded PostgreSQL themselves. */
const bringTheirOwn = [
  ...["src/agent/**", "src/cli/**", "src/lab/**", "src/lib/**", "boot-image/**"],
  "test/{console,e2e,lab}/**",
];

/**
 * These have a database because a whole process needs one: what they check is the same whatever its version is. A test
 * belongs here only if both hold: it is about processes that are killed, connections, TLS, faulty controllers or the command
 * line; and every statement of the product that it runs is run by a file that stays (pg_stat_statements on a second run with
 * all files shows it). Tests that have a query to themselves stay, however little they are about it.
 */
const notAboutStatements = [
  // Connections, their limits and their floods.
  "src/agent-api/{bad-input,connections,floods,memory,overload,strangers}.test.ts",
  "src/operator-api/listener/{connection-places,foreign-callers,listener,listener-tls,listener-watch}.test.ts",
  "test/integration/{contexts-tls,overload}.test.ts",
  // Controllers with faults, and processes that are killed.
  "test/integration/controller-{address,faults,kill}.test.ts",
  "test/integration/{simulator,takeover-kill,webhook-kill}.test.ts",
  // The command line.
  "test/integration/{printed-commands,webhook-add}.test.ts",
];

function testFiles(): string[] {
  return globSync("{src,boot-image,test,tools}/**/*.test.ts", { cwd: root }).toSorted();
}

/**
 * Test files to run again on the oldest supported PostgreSQL: those that use the PostgreSQL of the run, and are about what it
 * does. Together they run every statement of the product at least once: queries, migrations, backups, the embedded
 * supervisor, heartbeats, sessions, and the handlers, loops and tasks that call them.
 */
export function databaseTestFiles(): string[] {
  const provided = join(root, "test/support/database.ts");
  return testFiles().filter((file) => {
    const path = join(root, file);
    return (
      ![...bringTheirOwn, ...notAboutStatements].some((glob) => matchesGlob(file, glob)) &&
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
