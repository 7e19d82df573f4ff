import { parseSync } from "rolldown/utils";
import { expect, test } from "vitest";
import { protocolStale } from "../tools/generate.ts";
import { folderPath, lintConfiguration, main, mayImport, typesOnly } from "../tools/import-rules.ts";
import {
  importsOf,
  isTest,
  repositoryFiles,
  repositoryPaths,
  root,
  type RepositoryFile,
} from "./support/repository.ts";

const files = await repositoryFiles();
const sources = files.filter(({ path }) => /^(?:src|boot-image|console)\/.*\.tsx?$/u.test(path) && !isTest(path));
const maximumLines = 400;
const medianLines = 100;

function lines(text: string): number {
  return text.split("\n").length - 1;
}

function folderOf(path: string): string {
  const [first, second] = path.split("/");
  return first === "src" ? (second ?? "") : (first ?? "");
}

test("there are sources to look at, and their imports are found", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(importsOf({ path: "src/a/b.ts", text: 'import { x } from "../lib/x.ts";\nawait import("./c.ts");' })).toEqual([
    "src/lib/x.ts",
    "src/a/c.ts",
  ]);
});

/** True where anything but types is imported of a file. */
function importsValues(file: RepositoryFile, imported: string): boolean {
  const types = file.text.replaceAll(/^import type [^;]+;$/gmu, "");
  return importsOf({ path: file.path, text: types }).includes(imported);
}

test("every folder of src is one of the design's, and imports only what it may", () => {
  const wrong = sources.flatMap((file) => {
    const folder = folderOf(file.path);
    if (folder === main) {
      return [];
    }
    const allowed = mayImport[folder];
    if (allowed === undefined) {
      return [`${file.path}: no folder of the design`];
    }
    return importsOf(file)
      .filter((imported) => folderOf(imported) !== folder && !allowed.includes(folderOf(imported)))
      .filter((imported) => typesOnly[folder]?.includes(imported) !== true || importsValues(file, imported))
      .map((imported) => `${file.path} imports ${imported}`);
  });
  expect(wrong).toEqual([]);
});

test("the rules of lint are those of tools/import-rules.ts", async () => {
  expect((await lintConfiguration(root)).current).toBe(true);
});

test("docs/architecture.md says what each folder of src is", () => {
  const text = files.find(({ path }) => path === "docs/architecture.md")?.text ?? "";
  const folders = new Set(sources.map(({ path }) => folderOf(path)));
  expect([...folders].filter((folder) => !text.includes(`| \`${folderPath(folder)}/\` |`))).toEqual([]);
});

test("docs/architecture.md says what each room is, and names no other", () => {
  const text = files.find(({ path }) => path === "docs/architecture.md")?.text ?? "";
  const rooms = new Set(
    sources
      .filter(({ path }) => path.startsWith("src/"))
      .map(({ path }) => path.split("/").slice(0, -1))
      .flatMap((room) => (room.length > 2 ? [room.join("/")] : [])),
  );
  expect(rooms.size).toBeGreaterThan(20);
  const named = [...text.matchAll(/^\| `(?<room>src\/[\w-]+\/[\w/-]+)\/` \|/gmu)].map(
    (match) => match.groups?.["room"] ?? "",
  );
  expect(named.toSorted()).toEqual([...rooms].toSorted());
});

/** Files that import one another in a circle: a file, those on the way, and the file again. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) {
      found.push([...way.slice(at), path]);
    } else if (!done.has(path)) {
      imports.get(path)?.forEach((imported) => visit(imported, [...way, path]));
      done.add(path);
    }
  };
  [...imports.keys()].forEach((path) => visit(path, []));
  return found;
}

test("no files import one another in a circle, be it for types or at a later time", () => {
  const made = Object.entries({ a: ["b", "d"], b: ["c"], c: ["b"], d: [] });
  expect(circles(new Map(made))).toEqual([["b", "c", "b"]]);
  // Move what both need into a file of its own.
  expect(circles(new Map(sources.map((file) => [file.path, importsOf(file)])))).toEqual([]);
});

/** Folders whose files are all of one kind, however many. */
const ofOneKind = [
  "src/agent/hardware",
  "src/cli/actions",
  "src/cli/commands",
  "src/database/migrations",
  "src/operator-api/handlers",
];

test("no folder has more than 25 files, but those whose files are all of one kind", () => {
  const counts = new Map<string, number>();
  for (const { path } of files.filter((file) => file.path.startsWith("src/") && !isTest(file.path))) {
    const folder = path.split("/").slice(0, -1).join("/");
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  expect(ofOneKind.filter((folder) => !counts.has(folder))).toEqual([]);
  // Make a room for those that belong together, and say what it is in docs/architecture.md.
  expect([...counts].filter(([folder, count]) => count > 25 && !ofOneKind.includes(folder))).toEqual([]);
});

test("each command has an action of the same name, which owns its flags", () => {
  const named = (folder: string): string[] =>
    sources
      .filter(({ path }) => path.startsWith(`src/cli/${folder}/`))
      .map(({ path }) => path.slice(`src/cli/${folder}/`.length, -".ts".length))
      .toSorted();
  expect(named("commands").length).toBeGreaterThan(50);
  expect(named("actions")).toEqual(named("commands"));
  const exportsOf = (path: string): string[] => exportedNames(sources.find((file) => file.path === path)?.text ?? "");
  for (const name of named("commands")) {
    const camel = name.replaceAll(/-(?<letter>\w)/gu, (_, letter: string) => letter.toUpperCase());
    expect(exportsOf(`src/cli/commands/${name}.ts`)).toEqual([`${camel}Command`]);
    const flags = `${camel.slice(0, 1).toUpperCase()}${camel.slice(1)}Flags`;
    expect(exportsOf(`src/cli/actions/${name}.ts`)).toEqual(expect.arrayContaining([`${camel}Action`, flags]));
  }
});

test("no source uses what is there for tests, tools or benchmarks", () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((imported) => isTest(imported) || /^(?:bench|tools)\//u.test(imported))
      .map((imported) => `${file.path} imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test("only the database's folder holds SQL", () => {
  const sql = /\b(?:SELECT\s[^"`]*\sFROM|INSERT INTO|DELETE FROM|UPDATE \w+ SET)\s/u;
  expect(sql.test('query("SELECT name FROM machines WHERE true")')).toBe(true);
  const elsewhere = sources.filter(({ path, text }) => !path.startsWith("src/database/") && sql.test(text));
  expect(elsewhere.map(({ path }) => path)).toEqual([]);
});

test("no word of PostgreSQL's is above the database's folder: no SQLSTATE, no literal of an array or of bytes", () => {
  const words = [
    // A class of SQLSTATE and three more characters, alone in quotation marks.
    /["'`](?:0[0-9A-Z]|2[0-9A-Z]|3[48BDF]|4[024]|5[34578]|F0|HV|P0|XX)[0-9A-Z]{3}["'`]/u,
    /::\w+\[\]|\bbytea/iu,
    /(?:\\\\){2}x\$\{/u,
  ];
  const isWord = (text: string): boolean => words.some((word) => word.test(text));
  for (const text of ['code === "55P03"', "unnest($1::uuid[])", "byteaLiteral(key)", "`\\\\\\\\x${hex}`"]) {
    expect(isWord(text)).toBe(true);
  }
  const above = sources.filter(({ path }) => path.startsWith("src/") && !path.startsWith("src/database/"));
  expect(above.filter(({ text }) => isWord(text)).map(({ path }) => path)).toEqual([]);
});

/** How deep a text's conditional expressions are nested: 1 = one in no other. A function begins anew. */
function ternaryDepth(path: string, text: string): number {
  let deepest = 0;
  const visit = (node: unknown, depth: number): void => {
    if (Array.isArray(node)) {
      node.forEach((each) => visit(each, depth));
    } else if (typeof node === "object" && node !== null) {
      const { type } = node as { type?: unknown };
      const isFunction = typeof type === "string" && /Function/u.test(type);
      const here = type === "ConditionalExpression" ? depth + 1 : isFunction ? 0 : depth;
      deepest = Math.max(deepest, here);
      Object.values(node).forEach((child) => visit(child, here));
    }
  };
  visit(parseSync(path, text).program, 0);
  return deepest;
}

test("no conditional expression is nested deeper than two", () => {
  expect(ternaryDepth("a.ts", 'export const a = (b: number) => (b > 1 ? "x" : b > 2 ? "y" : b > 3 ? "z" : "");')).toBe(
    3,
  );
  // Give the inner one a name, or make it a function with ifs.
  expect(sources.filter(({ path, text }) => ternaryDepth(path, text) > 2).map(({ path }) => path)).toEqual([]);
});

test(`no source has over ${maximumLines} lines, and half of them have under ${medianLines}`, () => {
  const own = sources.filter(({ path }) => path !== "src/database/tables.ts");
  expect(own.filter(({ text }) => lines(text) > maximumLines).map(({ path }) => path)).toEqual([]);
  const counts = own.map(({ text }) => lines(text)).toSorted((one, other) => one - other);
  expect(counts[Math.floor(counts.length / 2)]).toBeLessThan(medianLines);
});

/** The names that a file defines and exports. */
function exportedNames(text: string): string[] {
  const defined =
    /^export (?:declare |abstract |async )*(?:const|let|function\*?|class|interface|type|enum) (?<name>[\w$]+)/gmu;
  return [...text.matchAll(defined)].map((match) => match.groups?.["name"] ?? "");
}

test("an exported name is defined once", () => {
  expect(exportedNames("export async function a() {}\nexport type B = 1;\nexport { c };")).toEqual(["a", "B"]);
  const definedIn = new Map<string, string[]>();
  for (const { path, text } of sources) {
    // A name that a file defines twice is an overload.
    // Every page of the console exports these, under the names that its router expects.
    const expected = /^console\/pages\/[\w-]+\/Page\.tsx$/u.test(path) ? ["loader", "ErrorBoundary"] : [];
    for (const name of new Set(exportedNames(text)).difference(new Set(expected))) {
      definedIn.set(name, [...(definedIn.get(name) ?? []), path]);
    }
  }
  expect(definedIn.size).toBeGreaterThan(1_000);
  // A reader who searches for a name should find one thing: say in the name which of the two it is.
  expect([...definedIn].filter(([, paths]) => paths.length > 1)).toEqual([]);
});

test("no test is left out by its text; a test that can't run says why", () => {
  const left = /\b(?:test|it|describe)(?:\.\w+)*\.(?:only|todo|skip|skipIf|runIf|fails)\b|\.skip\(\)/u;
  expect(left.test("describe.each(a).skip('x')") || left.test("test.skip('x')")).toBe(true);
  const tests = files.filter(({ path }) => path.endsWith(".test.ts") && path !== "test/repository-shape.test.ts");
  expect(tests.filter(({ text }) => left.test(text)).map(({ path }) => path)).toEqual([]);
});

test("gen/ is what proto/ gives", { timeout: 300_000 }, async () => {
  expect(await protocolStale()).toEqual([]);
});

test("no registry's host and no developer's path is anywhere", () => {
  // Put together here, so that this file holds none itself.
  const hosts = ["npmjs", "yarnpkg", "jsr"].map((name) => `${name}.(?:org|com|io)`);
  const forbidden = new RegExp(
    [
      `registry\\.(?:${hosts.join("|")})`,
      "artifactory",
      "codeartifact",
      "npm\\.pkg\\.github",
      "/home[/][a-z]+/",
      "/Users[/]\\w+/",
      // Not a folder `work` within a path.
      "(?<!\\w)/work[/]",
    ].join("|"),
    "u",
  );
  const self = "test/repository-shape.test.ts";
  const found = files.filter(({ path, text }) => path !== self && forbidden.test(text));
  expect(found.map(({ path, text }) => `${path}: ${forbidden.exec(text)?.[0]}`)).toEqual([]);
  const lock = files.find(({ path }) => path === "package-lock.json");
  expect(lock?.text).not.toContain('"resolved"');
});

test("documents point at files that are there", async () => {
  const known = new Set(await repositoryPaths());
  const documents = files.filter(({ path }) => path.endsWith(".md"));
  const broken = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:|#)(?<target>[^)#\s]+)/gu)]
      .map((match) => new URL(match.groups?.["target"] ?? "", `file:///${path}`).pathname.slice(1))
      .filter(
        (target) => !known.has(target) && !files.some((file) => file.path.startsWith(`${target.replace(/\/$/u, "")}/`)),
      )
      .map((target) => `${path}: ${target}`),
  );
  // `src/lib/log.ts`, or `lib/log.ts` where the text is about src.
  const named = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/`(?<name>(?:[\w.-]+\/)+[\w.-]+\.(?:ts|sql|md|json|js))`/gu)]
      .map((match) => match.groups?.["name"] ?? "")
      .filter((name) => !known.has(name) && !known.has(`src/${name}`))
      .map((name) => `${path}: ${name}`),
  );
  expect(named).toEqual([]);
  expect(documents.length).toBeGreaterThan(3);
  expect(broken).toEqual([]);
});

/** Tests that look at a clock, though nothing in them fails where the host is slow. */
const looksAtClock: Readonly<Record<string, string>> = {
  "src/agent-api/methods/enroll.test.ts": "an answer may not come too early",
  "src/agent/run.test.ts": "a pause may not be too short",
  "src/cli/operator-commands.test.ts": "a label that no other run has",
  "src/database/queries/installation/installation-retry.test.ts": "a stored time lies in the future",
  "src/database/queries/upkeep/deadlines.test.ts": "a stored time lies an hour ahead",
  "src/operator-api/handlers/access.test.ts": "a stored time lies an hour ahead",
  "test/e2e/failover.test.ts": "a time is compared with the bare recipe's in the same run",
  "test/e2e/kill-random.test.ts": "rounds go on for a time, whatever their number",
};

/** Milliseconds: what ends a test earlier than this fails where the host is slow, not only where something hangs. */
const shortestLimit = 60_000;

/** Lines of tests that are not in bench/ or test/soak, where things are timed. */
function linesOfTests(pattern: RegExp): { path: string; line: string; value: string | undefined }[] {
  return files
    .filter(({ path }) => path.endsWith(".test.ts") && !/^test\/(?:soak|support|repository)/u.test(path))
    .flatMap(({ path, text }) =>
      text
        .split("\n")
        .flatMap((line) => [...line.matchAll(pattern)].map(([, value]) => ({ path, line: line.trim(), value }))),
    );
}

test("no test looks at a clock, but for those that a slow host can't fail", () => {
  // A call's deadline is a point in time.
  const looks = linesOfTests(
    /\bperformance\.now\(\)|(?<!deadline: )\bDate\.now\(\)|\bhrtime\b|\bprocess\.uptime\(\)/gu,
  );
  // Wait for a state instead, or compare an order or a count; what is to be timed goes into bench/ or test/soak.
  expect(looks.filter(({ path }) => looksAtClock[path] === undefined)).toEqual([]);
  expect(looks.filter(({ line }) => line.includes(".toBeLess"))).toEqual([]);
  expect(Object.keys(looksAtClock).filter((listed) => !looks.some(({ path }) => path === listed))).toEqual([]);
});

test("no test gives up on a state before a slow host could have reached it", () => {
  const limits = linesOfTests(
    /\b(?:timeoutMs|testTimeout|hookTimeout|timeout|interruptAfterTimeLimit)(?::| =) ([0-9][0-9_]*)\b/gu,
  );
  expect(limits.length).toBeGreaterThan(20);
  // 60 s at least: only what hangs takes so long.
  expect(limits.filter(({ value }) => Number(value?.replaceAll("_", "")) < shortestLimit)).toEqual([]);
});
