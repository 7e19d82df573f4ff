// `npm run generate`: gen/ from proto/, src/database/tables.ts and schema.sql from the migrations, docs/api.md from
// both. `npm run generate:check` changes nothing, and fails if they are not current.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fileDifferences, fileTexts } from "./file-texts.ts";
import { lintConfiguration } from "./import-rules.ts";
import { migratedDatabase } from "./migrated-database.ts";
import { schemaOf } from "./schema-dump.ts";
import { tablesGenerate } from "./tables-generate.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

/** The files of gen/ that differ from what proto/ gives. */
export async function protocolStale(): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "farrier-generate-"));
  try {
    await run("buf", ["generate", "--output", directory], { cwd: root });
    return fileDifferences(await fileTexts(join(root, "gen")), await fileTexts(join(directory, "gen")));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What is wrong, one line each. */
interface Outcome {
  stale: string[];
  /** Files that could not be made, and why. */
  failed: string[];
}

async function main(check: boolean): Promise<Outcome> {
  const stale = check ? (await protocolStale()).map((name) => `gen/${name}`) : [];
  const failed: string[] = [];
  if (!check) {
    await run("buf", ["generate"], { cwd: root });
  }
  await using database = await migratedDatabase();
  const written: Record<string, string> = {
    "src/database/tables.ts": await tablesGenerate(database.url),
    "src/database/schema.sql": await schemaOf(database.connection),
  };
  // docs/api.md is generated from gen/: a stale gen/ would give a wrong document.
  if (stale.length === 0) {
    try {
      written["docs/api.md"] = await apiDocsNow();
    } catch (error) {
      failed.push(`docs/api.md was not written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const [name, text] of Object.entries(written)) {
    if (!check) {
      await writeFile(join(root, name), text);
    } else if ((await readFile(join(root, name), "utf8")) !== text) {
      stale.push(name);
    }
  }
  const lint = await lintConfiguration(root);
  if (!lint.current && check) {
    stale.push(".oxlintrc.json");
  } else if (!lint.current) {
    await writeFile(join(root, ".oxlintrc.json"), lint.text);
    await run("oxfmt", [".oxlintrc.json"], { cwd: root });
  }
  return { stale, failed };
}

/** Loaded here and not at the top, because it imports gen/, which `buf generate` has only now written. */
async function apiDocsNow(): Promise<string> {
  const { apiDocs } = await import("./api-docs.ts");
  return await apiDocs();
}

if (import.meta.main) {
  const { stale, failed } = await main(process.argv[2] === "--check").catch((error: unknown): Outcome => {
    // buf's messages about proto/ are on its standard error.
    const { stderr, message } = error as Error & { stderr?: string };
    return { stale: [], failed: [(stderr ?? message).trim()] };
  });
  if (stale.length > 0) {
    process.stderr.write(`not current: ${stale.join(", ")}: run \`npm run generate\`\n`);
  }
  process.stderr.write(failed.map((line) => `${line}\n`).join(""));
  process.exitCode = stale.length + failed.length > 0 ? 1 : 0;
}
