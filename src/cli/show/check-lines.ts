import { resultText } from "../call/operation.ts";
import { printable } from "../../lib/format/printable.ts";

/** The lines of a check's result: ✓ or ✗, and under it what to do. Pure. */
export function checkResultLines(result: Record<string, unknown>): string[] {
  const lines = Array.isArray(result["lines"]) ? (result["lines"] as Record<string, unknown>[]) : [];
  return lines.map((line) => {
    const remedy = printable(resultText(line, "remedy"));
    const mark = line["ok"] === true ? "✓" : "✗";
    return `${mark} ${printable(resultText(line, "what"))}\n${remedy === "" ? "" : `    ${remedy}\n`}`;
  });
}
