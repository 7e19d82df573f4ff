import {
  buildApplication,
  generateHelpTextForAllCommands,
  type Application,
  type Command,
  type CommandContext,
  type RouteMap,
} from "@stricli/core";
import { expect, test } from "vitest";
import type { CliContext } from "./context.ts";
import { exitStatus } from "./errors.ts";
import { interruptedStatus } from "./call/interrupt.ts";
import { routes } from "./routes.ts";
import { helpLayout } from "./show/help-layout.ts";

// Help runs no command, so that it needs none of what commands work with.
const application = buildApplication<CliContext>(routes, { name: "farrier" }) as unknown as Application<CommandContext>;
const helpTexts = generateHelpTextForAllCommands(application).map(
  ([route, text]) => [route, helpLayout(text)] as const,
);

/** Lines under "Examples:". */
function examplesOf(help: string): string[] {
  const [, after = ""] = help.split(/^\s*Examples:\n/mu);
  return (after.split(/\n\s*\n/u)[0] ?? "")
    .replaceAll(/ \\\n\s*/gu, " ")
    .split("\n")
    .map((line) => line.trim());
}

/** The command that a command line names, and the words behind it. */
function found(words: readonly string[]): { command: Command<CliContext>; rest: readonly string[] } | undefined {
  let target: Command<CliContext> | RouteMap<CliContext> | undefined = routes;
  for (const [index, word] of words.entries()) {
    if (target === undefined || !("getRoutingTargetForInput" in target)) {
      return target === undefined ? undefined : { command: target, rest: words.slice(index) };
    }
    target = target.getRoutingTargetForInput(word);
  }
  return target === undefined || "getRoutingTargetForInput" in target ? undefined : { command: target, rest: [] };
}

function camel(flag: string): string {
  return flag.replaceAll(/-(?<letter>[a-z])/gu, (_, letter: string) => letter.toUpperCase());
}

test("farrier --help has every exit status, and no other", () => {
  const section = routes.fullDescription?.split("Exit status:\n")[1] ?? "";
  const documented = [...section.matchAll(/^ {2}(?<status>\d+) {2}/gmu)].map((match) =>
    Number(match.groups?.["status"]),
  );
  expect(documented).toEqual([0, ...Object.values(exitStatus), interruptedStatus]);
});

test("there are commands to look at", () => {
  expect(helpTexts.length).toBeGreaterThan(30);
});

test.each(helpTexts)(
  "%s: --help has examples, documents the exit status, and says in a line what it does",
  (route, help) => {
    const way =
      "use docs(brief, more, [examples…]) of src/cli/line/docs.ts, as src/cli/commands/machine-cancel.ts does";
    const examples = examplesOf(help);
    expect(
      examples.filter((line) => line.includes(route)),
      `\`${route} --help\` has no example of ${route}: ${way}`,
    ).not.toEqual([]);
    expect(help, `\`${route} --help\` does not document its exit status: ${way}`).toMatch(/^ *Exit status: 0 /mu);
  },
);

test.each(helpTexts)("%s: the examples are command lines that it would take", (_route, help) => {
  for (const example of examplesOf(help)) {
    const lines = [...example.matchAll(/(?:^|[ (])farrier (?<line>[^|()]*)/gu)].map(
      (match) => match.groups?.["line"] ?? "",
    );
    expect(lines.length, `"${example}" calls no farrier`).toBeGreaterThan(0);
    for (const line of lines) {
      const words = [...line.matchAll(/"[^"]*"|'[^']*'|\S+/gu)].map(([word]) => word);
      const command = found(words);
      expect(command, `"${example}" names no command: mend the example`).toBeDefined();
      // What is behind "--" is another program's.
      const [own = ""] = (command?.rest ?? []).join("\n").split(/^--$/mu);
      const flags = own
        .split("\n")
        .filter((word) => word.startsWith("--"))
        .map((word) => word.slice(2));
      const unknown = flags.filter((flag) => command?.command.usesFlag(camel(flag), "original") !== true);
      expect(unknown, `"${example}" has flags that the command has not: mend the example`).toEqual([]);
    }
  }
});

test.each(helpTexts)("X17: %s: --help begins with what it does, and fits 80 columns", (route, help) => {
  const lines = help.split("\n");
  expect(lines[0]).not.toBe("USAGE");
  const usage = lines[lines.indexOf("USAGE") + 1] ?? "";
  expect(usage.startsWith(`  ${route}`)).toBe(true);
  // A word that has no room on any line, such as an address, may stand out.
  const long = lines.filter((line) => line.length > 80 && line.trim().split(" ").length > 2);
  expect(long).toEqual([]);
});
