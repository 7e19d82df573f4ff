import { CliError } from "../errors.ts";

/**
 * Parses `--set NAME=VALUE`; VALUE may be empty or contain "=".
 * @throws {CliError} `usage`
 */
export function parseTemplateValues(texts: readonly string[]): Record<string, string> {
  const values = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals < 1) {
      throw new CliError("usage", `--set "${text}": expected NAME=VALUE, such as domain=example.org`);
    }
    const name = text.slice(0, equals);
    if (values.has(name)) {
      throw new CliError("usage", `--set ${name} is given twice: give it once`);
    }
    values.set(name, text.slice(equals + 1));
  }
  return Object.fromEntries(values);
}
