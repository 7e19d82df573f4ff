import { globSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { importsFile } from "./imports-file.ts";
import { databaseTestFiles, testsNamed } from "./test-files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

test("PostgreSQL 15 is given what reaches a database, and nothing that does not or brings its own", () => {
  const files = databaseTestFiles();
  expect(files).toEqual(
    expect.arrayContaining(["src/database/session.test.ts", "src/operator-api/handlers/installation.test.ts"]),
  );
  expect(files).toEqual(
    expect.arrayContaining(["src/database/embedded/embedded.test.ts", "tools/schema-dump.test.ts"]),
  );
  for (const file of [
    "src/operator-api/explain/explain.test.ts",
    "test/e2e/kill.test.ts",
    "src/cli/commands.test.ts",
    "test/console/pages.test.ts",
    // About processes that are killed, and connections: the statements that they reach are run by others.
    "test/integration/controller-kill.test.ts",
    "src/operator-api/listener/listener-watch.test.ts",
  ]) {
    expect(files).not.toContain(file);
  }
  // All that is about statements stays, whatever is left out.
  const about = globSync("src/{database,janitor,events,operator-api/handlers}/**/*.test.ts", { cwd: root });
  const provided = join(root, "test/support/database.ts");
  const left = about.filter((file) => !files.includes(file) && importsFile(join(root, file), provided));
  expect(left).toEqual([]);
});

test("imports are followed, in circles too; a text that looks like one is none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "farrier-imports-"));
  try {
    const file = (name: string): string => join(folder, name);
    await writeFile(file("a.ts"), 'import { b } from "./b.ts";\nconst text = `import x from "./nowhere.ts"`;\n');
    await writeFile(file("b.ts"), 'export { c } from "./c.ts";\nimport { a } from "./a.ts";\n');
    await writeFile(file("c.ts"), "export const c = 1;\n");
    await writeFile(file("d.ts"), "export const d = 1;\n");
    expect(importsFile(file("a.ts"), file("c.ts"))).toBe(true);
    expect(importsFile(file("a.ts"), file("d.ts"))).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a case's id means the tests of that case alone, in the files that name it", () => {
  const { named, files } = testsNamed("A1");
  expect(["A1: linear", "a group A1: linear", "A1, A3: both"].every((name) => named.test(name))).toBe(true);
  expect(["A16: locked", "BA1: no"].some((name) => named.test(name))).toBe(false);
  expect(files).toContain("tools/test-files.test.ts");
  expect(testsNamed("no test has these words, in one line or").files).toEqual(["tools/test-files.test.ts"]);
});
