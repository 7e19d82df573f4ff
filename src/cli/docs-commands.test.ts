// Commands that the documentation prints are ones that the command line takes, with values in place of NAME, FILE and the like.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { commandRunner } from "./testing/printed-command.ts";
import { printedWords } from "./testing/printed-words.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = [
  ...["README.md", "CONTRIBUTING.md", "AGENTS.md"],
  ...(await readdir(join(root, "docs"), { recursive: true }))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** What stands for a value, and a value. */
const values: Readonly<Record<string, string>> = {
  NAME: "web1",
  MACHINE: "web1",
  FILE: "file",
  DIR: "folder",
  URL: "http://images/a.raw",
  DIGEST: `sha256:${"ab".repeat(32)}`,
  SELECTOR: "name=sda",
  KEY: "ab".repeat(32),
  N: "2",
  WHY: "reason",
  U: "4c4c4544-0042-3010-8054-b7c04f4e3232",
  M: "00:1b:21:00:00:01",
};

/** Commands in backticks and in fenced blocks of shell, with their places. */
function commandsOf(path: string, text: string): [place: string, command: string][] {
  const found: [string, string][] = [];
  const add = (offset: number, command: string): void =>
    void found.push([`${path}:${text.slice(0, offset).split("\n").length}`, command.replace(/\s+#.*$/u, "").trim()]);
  const withoutBlocks = text.replaceAll(/^```[^]*?^```/gmu, (block) => block.replaceAll(/[^\n]/gu, " "));
  for (const match of withoutBlocks.matchAll(/`(?:npx )?(farrier [^`]*)`/gu)) {
    add(match.index, (match[1] ?? "").replaceAll("\n", " "));
  }
  for (const block of text.matchAll(/^```sh\n([^]*?)^```/gmu)) {
    const lines = (block[1] ?? "").replaceAll(/\\\n\s*/gu, (joined) => " ".repeat(joined.length));
    for (const match of lines.matchAll(/^(?:npx )?(farrier .*)$/gmu)) {
      add(block.index + 6 + match.index, (match[1] ?? "").replace(/ &$/u, ""));
    }
  }
  return found;
}

/** The words of a command, with values in place of what stands for them. */
function wordsOf(command: string): string[] {
  const filled = command
    .replaceAll(/"?\$\([^)]*\)"?/gu, values["DIGEST"] ?? "")
    .replace(/--database-url URL\b/u, "--database-url postgresql://farrier@127.0.0.1:1/farrier")
    .replaceAll("HOST:PORT", "127.0.0.1:8081")
    .replaceAll(/(?<![\w-])[A-Z]+\b(?!:)/gu, (word) => values[word] ?? word);
  return printedWords(filled);
}

const printed = (
  await Promise.all(documents.map(async (path) => commandsOf(path, await readFile(join(root, path), "utf8"))))
).flat();

const run = commandRunner();

test("X7: there are commands in the documentation", () => {
  expect(printed.length).toBeGreaterThan(60);
});

test.each(printed)("X7: %s: `%s` is taken as printed", async (_place, command) => {
  expect(command).not.toMatch(/…|\.\.\./u);
  const words = wordsOf(command);
  const whole = await run(words);
  // A command's bare name tells which one is meant; it must be one.
  const isName = words.every((word) => /^[a-z-]+$/u.test(word) && !word.startsWith("-"));
  const seen = isName && whole.refused ? await run([...words, "--help"]) : whole;
  expect(seen.refused, seen.stderr).toBe(false);
});
