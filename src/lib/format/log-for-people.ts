import { printable } from "./printable.ts";

/** Fields of a line that are elsewhere in the text, or are equal on each line. */
const known = new Set(["level", "time", "component", "msg"]);

/** Formats a JSON log line for people: time, level unless it is "info", message, fields. Pure. */
export function logForPeople(json: string): string {
  let line: unknown;
  try {
    line = JSON.parse(json);
  } catch {
    return printable(json.trimEnd());
  }
  if (typeof line !== "object" || line === null) {
    return printable(json.trimEnd());
  }
  const fields = line as Readonly<Record<string, unknown>>;
  const time = typeof fields["time"] === "string" ? fields["time"].slice(11, 19) : "";
  const level = typeof fields["level"] === "string" && fields["level"] !== "info" ? `${fields["level"]}: ` : "";
  const message = typeof fields["msg"] === "string" ? fields["msg"] : "";
  const more = Object.entries(fields)
    .filter(([name]) => !known.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return printable(`${time} ${level}${message}${more.length === 0 ? "" : ` (${more.join(", ")})`}`.trim());
}
