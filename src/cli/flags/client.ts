import { commonFlags, type CommonFlags } from "./common.ts";
import { switchFlag, textFlag } from "./flag.ts";

/** Flags of every command that calls the control plane. */
export interface ClientFlags extends CommonFlags {
  operators: string | undefined;
  context: string | undefined;
  output: OutputFormat | undefined;
  json: boolean | undefined;
}

const outputFormats = ["wide", "json", "yaml", "name"] as const;

/** The values of `--output`. */
export type OutputFormat = (typeof outputFormats)[number];

export const clientFlags = {
  ...commonFlags,
  operators: textFlag("URL of the operator API (or FARRIER_OPERATORS; default: from the data directory)", "URL"),
  context: textFlag("Context to use (or FARRIER_CONTEXT); see `farrier context --help`", "NAME"),
  output: {
    kind: "enum",
    optional: true,
    values: outputFormats,
    brief: "Format: all columns, protobuf JSON, YAML, or names only",
  },
  json: switchFlag("Short for --output json"),
} as const;
