import { expect, test } from "vitest";
import { hardPhrases, hardPhrasesAllowed } from "./support/hard-phrases.ts";
import { repositoryFiles } from "./support/repository.ts";

// Generated files, applied migrations, the schema's dump, and texts of others are not rewritten. The list and its test have the phrases.
const left =
  /^(?:gen\/|node_modules\/|package-lock\.json|LICENSE|src\/database\/(?:migrations\/|schema\.sql|tables\.ts)|test\/repository-words\.test\.ts|test\/support\/hard-phrases\.ts|docs\/plots\/)/u;

const files = (await repositoryFiles()).filter(({ path }) => !left.test(path));

/** The hard phrases in a text, each with its line. A line break within a phrase counts as a blank. */
function hardPhrasesIn(text: string): string[] {
  return hardPhrases.flatMap(({ pattern, instead }) =>
    [...joined(text).matchAll(pattern)].map(
      (match) => `line ${text.slice(0, match.index).split("\n").length}: "${match[0]}": write ${instead}`,
    ),
  );
}

/** The text with each line break, and the indentation and comment sign after it, as blanks of the same length. */
function joined(text: string): string {
  return text.replaceAll(/\n[ \t]*(?:\*|\/\/|#|--)?(?=[ \t])/gu, (lineBreak) => " ".repeat(lineBreak.length));
}

test("a hard phrase is found, also over a line break", () => {
  const text = "/**\n * Tokens of\n * whoever calls.\n */\n// so\n// many";
  expect(hardPhrasesIn(text).map((found) => found.split(":")[0])).toEqual(["line 5", "line 3"]);
});

test("texts, comments and documents have no phrases that must be read twice, apart from the counts that shrink", () => {
  expect(files.length).toBeGreaterThan(500);
  const wrong = files.flatMap(({ path, text }) => {
    const found = hardPhrasesIn(text);
    const allowed = hardPhrasesAllowed[path] ?? 0;
    if (found.length > allowed) {
      return [`${path}: ${found.length} hard phrases, ${allowed} allowed: ${found.join("; ")}`];
    }
    return found.length < allowed
      ? [`${path}: ${found.length} hard phrases: lower its count in test/support/hard-phrases.ts from ${allowed}`]
      : [];
  });
  expect(wrong).toEqual([]);
});

test("every file with a count exists", () => {
  const paths = new Set(files.map(({ path }) => path));
  expect(Object.keys(hardPhrasesAllowed).filter((path) => !paths.has(path))).toEqual([]);
});
