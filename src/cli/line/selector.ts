import { diskSelectorParse, type SelectorFields } from "../../contract/disk-selector-text.ts";
import { CliError } from "../errors.ts";

/**
 * Parses `--disk`.
 * @throws {CliError} `usage`, naming the wrong condition and what was expected
 */
export function parseSelector(text: string): SelectorFields {
  try {
    return diskSelectorParse(text);
  } catch (cause) {
    throw new CliError("usage", `--disk ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
