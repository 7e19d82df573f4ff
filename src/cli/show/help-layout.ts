import { wrap } from "./table.ts";

/** Width of a help text in characters. */
const width = 80;
/** Width of the column of flags and commands; after a longer one its text begins on the next line. */
const nameWidth = 26;
/** Flags that many commands share: listed last, in their own section. */
const commonFlags: ReadonlySet<string> = new Set([
  ...["data-dir", "debug", "operators", "context", "output", "json"],
  ...["help", "version"],
]);

/**
 * Lays out stricli's help text for 80 columns: the description first, a usage line with only the mandatory arguments,
 * and each flag with its placeholder. Pure. A text of another form is returned unchanged.
 */
export function helpLayout(text: string): string {
  const parts =
    /^USAGE\n(?<usage>(?: {2}.*\n)+)\n(?<about>[\s\S]*?)\n\nFLAGS\n(?<flags>(?: .*\n)+)(?<rest>[\s\S]*)$/u.exec(text);
  if (parts?.groups === undefined) {
    return text;
  }
  const { usage = "", about = "", flags = "", rest = "" } = parts.groups;
  const lines = usage
    .trimEnd()
    .split("\n")
    .map((line) => line.trim());
  const [first = ""] = lines;
  const isCommand =
    lines.length <= 2 && (lines[1] ?? "").endsWith(" --help") && first.startsWith((lines[1] ?? "").slice(0, -7));
  const placeholders = isCommand ? placeholdersOf(first) : new Map<string, string>();
  const all = flags
    .trimEnd()
    .split("\n")
    .map((line) => flagOf(line, placeholders));
  const own = all.filter(({ long }) => !commonFlags.has(long));
  const common = all.filter(({ long }) => commonFlags.has(long));
  return [
    ...paragraphs(about),
    "",
    "USAGE",
    ...usageLines(isCommand ? commandUsage(first, own.length > 0) : routeUsage(lines)),
    ...section("FLAGS", own),
    ...section(own.length > 0 ? "COMMON FLAGS" : "FLAGS", common),
    ...restLines(rest),
    "",
  ].join("\n");
}

interface Row {
  /** The flag's name without dashes; empty if the line is not a flag. */
  long: string;
  name: string;
  text: string;
}

/** Reads the placeholder of each flag from a usage such as `[--disk SELECTOR]...`. */
function placeholdersOf(usage: string): Map<string, string> {
  return new Map(
    [...usage.matchAll(/--(?<flag>[\w-]+) (?<placeholder>[^\])]+)[\])]/gu)].map(({ groups }) => [
      groups?.["flag"] ?? "",
      groups?.["placeholder"] ?? "",
    ]),
  );
}

function flagOf(line: string, placeholders: ReadonlyMap<string, string>): Row {
  const found =
    /^\s*(?<short>-\w)?\s*(?<optional>\[)?--(?<long>[\w-]+)\]?(?<many>\.\.\.)?\s{2,}(?<text>.*?)(?:\s{2,}\[(?<values>[^\]]*)\])?$/u.exec(
      line,
    );
  const { short, optional, long = "", many, text = line.trim(), values } = found?.groups ?? {};
  const placeholder = placeholders.get(long);
  const name = `${short === undefined ? "" : `${short}, `}--${long}${placeholder === undefined ? "" : ` ${placeholder}`}`;
  const notes = [
    ...(values?.startsWith("default = ") === true ? [`default: ${values.slice("default = ".length)}`] : []),
    ...(optional === undefined && short === undefined && found !== null ? ["required"] : []),
    ...(many === undefined || text.includes("repeatable") ? [] : ["repeatable"]),
  ];
  return { long, name: found === null ? "" : name, text: notes.length === 0 ? text : `${text} (${notes.join("; ")})` };
}

/** The usage line: mandatory arguments by name, the rest as `[FLAGS]`. */
function commandUsage(usage: string, hasFlags: boolean): string {
  const words = usage.split(/ (?=[[(<])/u);
  const [command = "", ...given] = words;
  const required = given.filter((word) => word.startsWith("(")).map((word) => word.replaceAll(/[()]/gu, ""));
  const positional = given.filter((word) => word.startsWith("<")).map((word) => word.replaceAll(/[<>]/gu, ""));
  return [command, ...(hasFlags ? ["[FLAGS]"] : []), ...required, ...positional].join(" ");
}

function routeUsage(lines: readonly string[]): string {
  const own = (lines.find((line) => line.endsWith(" --help")) ?? "farrier --help").replace(/ --help$/u, "");
  return `${own} COMMAND [FLAGS]`;
}

function usageLines(usage: string): string[] {
  return wrap(usage, width - 4).map((line, index) => `${index === 0 ? "  " : "      "}${line}`);
}

function section(title: string, rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : ["", title, ...rows.flatMap(rowLines)];
}

function rowLines({ name, text }: Row): string[] {
  const indent = " ".repeat(nameWidth + 2);
  const [first = "", ...others] = wrap(text, width - indent.length);
  const rest = others.map((line) => indent + line);
  return name.length + 2 < nameWidth
    ? [`  ${name.padEnd(nameWidth)}${first}`, ...rest]
    : [`  ${name}`, `${indent}${first}`, ...rest];
}

/** Wraps long lines; commands are continued with a backslash. */
function paragraphs(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => (line.length <= width ? [line] : isExample(line) ? continued(line) : wrapped(line)));
}

const isExample = (line: string): boolean => /^ {2}\S*\s?.*farrier /u.test(line);

function wrapped(line: string): string[] {
  const indent = /^ */u.exec(line)?.[0] ?? "";
  return wrap(line.trim(), width - indent.length).map((part) => indent + part);
}

/** Breaks a command line before a flag or a pipe, into several lines. */
function continued(line: string): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(/ (?=--|\|)/u)) {
    const next = current === "" ? word : `${current} ${word}`;
    if (next.length > width - 2 && current !== "") {
      lines.push(`${current} \\`);
      current = `    ${word}`;
    } else {
      current = next;
    }
  }
  return [...lines, current];
}

/** The sections ARGUMENTS and COMMANDS: one line each, a name and a text. */
function restLines(rest: string): string[] {
  return rest
    .trimEnd()
    .split("\n")
    .flatMap((line) => {
      const row = /^ {2}(?<name>\S+) {2,}(?<text>\S.*)$/u.exec(line)?.groups;
      return row === undefined ? [line] : rowLines({ long: "", name: row["name"] ?? "", text: row["text"] ?? "" });
    });
}
