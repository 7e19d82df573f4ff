import { CliError } from "../errors.ts";

/**
 * Parses labels of the form KEY=VALUE; VALUE may be empty or contain "=".
 * @throws {CliError} `usage`
 */
export function parseLabels(texts: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    const key = text.slice(0, equals);
    if (equals < 1) {
      throw new CliError("usage", `--label "${text}": expected KEY=VALUE, such as rack=b12`);
    }
    if (labels.has(key) && labels.get(key) !== text.slice(equals + 1)) {
      throw new CliError("usage", `--label ${key} is given twice, with different values: give it once`);
    }
    labels.set(key, text.slice(equals + 1));
  }
  return Object.fromEntries(labels);
}
