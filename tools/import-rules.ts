// Which folder may import which, declared once. `npm run generate` writes the lint rules from it, tests read it,
// docs/architecture.md draws it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The folders that each folder may import, besides itself. `gen` is the generated code, `boot-image` and `console` are
 * next to `src`; all others are folders of `src`.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  contract: ["lib", "gen"],
  metrics: ["lib"],
  database: ["lib", "metrics"],
  secrets: ["lib", "database", "gen"],
  "agent-api": ["lib", "metrics", "database", "secrets", "gen", "contract"],
  "operator-api": ["lib", "metrics", "database", "secrets", "gen", "contract", "profiles", "events"],
  shepherd: ["lib", "metrics", "database", "secrets", "gen", "contract", "controllers"],
  janitor: ["lib", "metrics", "database", "secrets", "gen", "contract"],
  "came-up": ["lib", "metrics", "database", "contract"],
  netboot: ["lib", "metrics", "database", "gen", "contract"],
  cache: ["lib", "metrics", "database", "secrets", "gen", "contract", "netboot"],
  controllers: ["lib"],
  profiles: ["lib", "gen", "contract"],
  events: ["lib", "metrics", "database", "secrets", "contract"],
  catalogue: ["lib", "metrics", "database", "secrets", "gen", "contract", "agent"],
  lab: ["lib", "netboot", "controllers"],
  providers: ["lib", "contract", "shepherd", "lab"],
  telemetry: ["lib", "metrics", "database"],
  workers: ["lib", "metrics"],
  agent: ["lib", "gen", "contract"],
  simulator: ["lib", "gen", "contract"],
  cli: ["lib", "gen", "contract"],
  "boot-image": ["lib", "contract"],
  console: ["lib", "gen", "contract"],
};

/** The folders next to `src`. */
const besideSource: readonly string[] = ["boot-image", "console"];

/** The folder of `src` that may import everything. */
export const main = "main";

/** Files that a folder may also import, but only for their types, which do not exist at run time. */
export const typesOnly: Readonly<Record<string, readonly string[]>> = {
  // What the command line passes to each process.
  cli: ["src/main/options.ts"],
};

/** The lint rule that enforces {@link mayImport}. */
const rule = "eslint/no-restricted-imports";
/** The depth of folders in `src` that the rules cover. */
const deepest = 4;
const configuration = ".oxlintrc.json";

interface LintOverride {
  files: string[];
  rules: Record<string, unknown>;
}

/** A folder's path from the root. @param folder a name of {@link mayImport} */
export function folderPath(folder: string): string {
  return besideSource.includes(folder) ? folder : `src/${folder}`;
}

/** The text of lint's configuration with the rules of {@link mayImport}, and whether it already had them. */
export async function lintConfiguration(root: string): Promise<{ text: string; current: boolean }> {
  const before = JSON.parse(await readFile(join(root, configuration), "utf8")) as { overrides: LintOverride[] };
  const others = before.overrides.filter(({ rules }) => !(rule in rules));
  const after = { ...before, overrides: [...Object.keys(mayImport).flatMap(overridesOf), ...others] };
  const text = `${JSON.stringify(after, null, 2)}\n`;
  return { text, current: JSON.stringify(before) === JSON.stringify(after) };
}

/** One override per depth: lint sees only the import's text, so the number of `../` gives its meaning. */
function overridesOf(folder: string): LintOverride[] {
  return Array.from({ length: deepest + 1 }, (_, depth) => ({
    files: (folder === "console" ? ["ts", "tsx"] : ["ts"]).map(
      (ending) => `${folderPath(folder)}${"/*".repeat(depth)}/*.${ending}`,
    ),
    rules: {
      [rule]: [
        "error",
        {
          paths:
            folder === "database"
              ? []
              : ["pg", "kysely"].map((name) => ({ name, message: "Only src/database knows SQL." })),
          patterns: [{ regex: forbidden(folder, depth), message: allowed(folder) }, ...exceptTypesOnly(folder, depth)],
        },
      ],
    },
  }));
}

function forbidden(folder: string, depth: number): string {
  const names = [...Object.keys(mayImport), main].filter(
    (name) =>
      name !== folder &&
      mayImport[folder]?.includes(name) !== true &&
      !(name === main && typesOnly[folder] !== undefined),
  );
  const inSource = names.filter((name) => !besideSource.includes(name)).join("|");
  const gen = mayImport[folder]?.includes("gen") === true ? [] : ["gen"];
  const beside = [...gen, ...names.filter((name) => besideSource.includes(name))];
  if (besideSource.includes(folder)) {
    return `^(\\.\\./){${depth + 1}}(${[`src/(${inSource})`, ...beside].join("|")})/`;
  }
  const atRoot = [...beside, "src"].join("|");
  return `^(\\.\\./){${depth + 1}}((${inSource})|\\.\\./(${atRoot}))/`;
}

/** For a folder that may import types of {@link main}: its other files. A test checks that it has only types. */
function exceptTypesOnly(folder: string, depth: number): { group: string[]; message: string }[] {
  const files = typesOnly[folder];
  if (files === undefined) {
    return [];
  }
  const up = "../".repeat(depth + 1);
  const group = [`${up}${main}/**`, ...files.map((path) => `!${up}${path.slice("src/".length)}`)];
  return [{ group, message: allowed(folder) }];
}

function allowed(folder: string): string {
  const types = (typesOnly[folder] ?? []).map((path) => `types of ${path}`);
  const list = [...(mayImport[folder] ?? []), ...types].join(", ");
  return `${folder} may import ${list === "" ? "no other folder" : `only ${list}`} (tools/import-rules.ts, docs/architecture.md).`;
}
