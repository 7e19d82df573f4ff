import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { folderPath, main, mayImport } from "../tools/import-rules.ts";
import { root } from "./support/repository.ts";

/** What lint says of made-up files, as FILE:RULE, under the repository's own configuration. */
async function lint(made: Record<string, string>): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "farrier-lint-"));
  try {
    for (const name of [".oxlintrc.json", "tsconfig.json", "package.json"]) {
      await cp(join(root, name), join(directory, name));
    }
    await symlink(join(root, "node_modules"), join(directory, "node_modules"));
    for (const [path, text] of Object.entries(made)) {
      await mkdir(join(directory, dirname(path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    const oxlint = join(root, "node_modules/.bin/oxlint");
    const ran = promisify(execFile)(oxlint, ["--format=unix"], { cwd: directory, maxBuffer: 16 << 20 });
    // It exits with 1 where it finds something.
    const { stdout } = await ran.catch((error: { stdout: string }) => error);
    return [...stdout.matchAll(/^(?<file>[^:\n]+):.*\[Error\/[\w-]+\((?<rule>[\w-]+)\)\]$/gmu)]
      .map(({ groups }) => `${groups?.["file"]}:${groups?.["rule"]}`)
      .toSorted();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const folders = [...Object.keys(mayImport), main];

test(
  "lint refuses every import between folders that the design does not allow, and no other",
  { timeout: 300_000 },
  async () => {
    const made: Record<string, string> = {};
    const expected: string[] = [];
    for (const importer of folders) {
      for (const imported of [...folders, "gen"]) {
        const folder = folderPath(importer);
        const path = `${folder}/imports-${imported}.ts`;
        const target = relative(folder, `${imported === "gen" ? "gen" : folderPath(imported)}/x.ts`);
        made[path] = `import { x } from "${target}";\nexport const y = x;\n`;
        if (importer !== main && importer !== imported && mayImport[importer]?.includes(imported) !== true) {
          expected.push(`${path}:no-restricted-imports`);
        }
      }
      const folder = folderPath(importer);
      made[`${folder}/x.ts`] = "export const x = 1;\n";
      for (const deeper of ["a", "a/b", "a/b/c", "a/b/c/d"].map((part) => `${folder}/${part}`)) {
        const database = relative(deeper, "src/database/x.ts");
        // A folder inside that has the name of a forbidden one is its own affair.
        const own = relative(deeper, `${folder}/simulator/x.ts`);
        made[`${deeper}/x.ts`] = `import { x } from "${database}";\nexport const y = x;\n`;
        made[`${deeper}/own.ts`] = `import { x } from "${own}";\nexport const y = x;\n`;
        if (importer !== main && importer !== "database" && mayImport[importer]?.includes("database") !== true) {
          expected.push(`${deeper}/x.ts:no-restricted-imports`);
        }
      }
    }
    made["gen/x.ts"] = "export const x = 1;\n";
    const found = await lint(made);
    expect(found.filter((line) => line.endsWith(":no-restricted-imports"))).toEqual(expected.toSorted());
  },
);

test.each([
  ["any", "src/lib/a.ts", "export const a: any = 1;\n", "no-explicit-any"],
  [
    "an assertion that something is there",
    "src/lib/a.ts",
    "export const a = (b?: string): string => b!;\n",
    "no-non-null-assertion",
  ],
  [
    "a switch with a case left out",
    "src/lib/a.ts",
    'export function a(b: "c" | "d"): void {\n  switch (b) {\n    case "c":\n  }\n}\n',
    "switch-exhaustiveness-check",
  ],
  [
    "a promise that nobody waits for",
    "src/lib/a.ts",
    "export function a(): void {\n  Promise.resolve(1);\n}\n",
    "no-floating-promises",
  ],
  [
    "a promise where none is expected",
    "src/lib/a.ts",
    "export const a = [1].filter(async (b) => await Promise.resolve(b));\n",
    "no-misused-promises",
  ],
  ["a default export", "src/lib/a.ts", "export default 1;\n", "no-default-export"],
  ["a barrel", "src/lib/a.ts", 'export * from "./b.ts";\n', "no-barrel-file"],
  ["printing", "src/lib/a.ts", "console.log(1);\n", "no-console"],
  ["the end of the process outside of main", "src/lib/a.ts", "process.exit(1);\n", "no-process-exit"],
  ["over 400 lines", "src/lib/a.ts", `export const a = 1;\n${"// x\n".repeat(400)}`, "max-lines"],
  [
    "SQL outside of the database's folder",
    "src/janitor/a.ts",
    'import pg from "pg";\nexport const a = pg;\n',
    "no-restricted-imports",
  ],
])("lint refuses %s", async (_what, path, text, rule) => {
  expect(await lint({ [path]: text })).toContain(`${path}:${rule}`);
});

test("lint refuses a circle of imports", async () => {
  const found = await lint({
    "src/lib/a.ts": 'import { b } from "./b.ts";\nexport const a = (): number => b();\n',
    "src/lib/b.ts": 'import { a } from "./a.ts";\nexport const b = (): number => a();\n',
  });
  expect(found).toContain("src/lib/a.ts:no-cycle");
});

test("lint allows main to end the process", async () => {
  expect(await lint({ "src/main/a.ts": "process.exit(1);\n" })).toEqual([]);
});
