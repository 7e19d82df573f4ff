// Every command that errors, notes and help print is accepted by the command line as printed.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { commandRunner } from "./testing/printed-command.ts";
import { printedWords } from "./testing/printed-words.ts";

/** Help describes commands by their names: `help.test.ts` looks at its examples. */
const namesCommands = /^cli\/(?:commands\/|routes\.ts$)/u;
const source = fileURLToPath(new URL("..", import.meta.url));

/** Commands in backticks in the texts of a file, with their places: comments are for readers of the code. */
function commandsOf(path: string, text: string): [place: string, command: string][] {
  return text.split("\n").flatMap((line, index): [string, string][] => {
    const code = /^\s*(?:\/\/|\/?\*)/u.test(line) ? "" : line.replace(/ \/\/ .*$/u, "");
    return [...code.matchAll(/(?<before>.*?)`(?<command>farrier (?:[^`\\$]|\$\{[^}]*\})*)\\?`/gu)]
      .filter(({ groups }) => inText(groups?.["before"] ?? ""))
      .map((match) => [
        `${path}:${index + 1}`,
        // What is filled in is a name, an id, a number, a file: "1" may be any of them.
        (match.groups?.["command"] ?? "").replaceAll(/\$\{[^}]*\}/gu, "1"),
      ]);
  });
}

/** Whether the backtick behind this is one of a text, not the beginning of a template. */
function inText(before: string): boolean {
  return before.endsWith("\\") || (before.split('"').length - 1) % 2 === 1;
}

const files = (await readdir(source, { recursive: true })).filter(
  (path) =>
    path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.includes("testing/") && !namesCommands.test(path),
);
const printed = (
  await Promise.all(files.map(async (path) => commandsOf(path, await readFile(join(source, path), "utf8"))))
).flat();

const run = commandRunner();

test("X7: there are texts to look at", () => {
  expect(printed.length).toBeGreaterThan(40);
});

test.each(printed)("X7: %s: `%s` is taken as printed", async (_place, command) => {
  const { refused, stderr } = await run(printedWords(command));
  expect(refused, stderr).toBe(false);
  expect(command).not.toMatch(/…|\b(?:NAME|FILE|DIR|URL|ID|WHY|MACHINE|KEY)\b/u);
});
