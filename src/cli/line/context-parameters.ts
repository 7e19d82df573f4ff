import { contextsRead } from "../call/contexts.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { switchFlag } from "../flags/flag.ts";

/** Flags of what shows contexts. */
export const contextShownFlags = { json: switchFlag("Print JSON, without secrets"), debug: commonFlags.debug } as const;

/** A context on the command line. */
export const contextParameter = {
  brief: "The context's name",
  placeholder: "NAME",
  parse: (value: string): string => value,
  async proposeCompletions(this: CliContext): Promise<readonly string[]> {
    // Completion prints no errors.
    return Object.keys((await contextsRead(this.process.env).catch(() => ({ contexts: {} }))).contexts);
  },
} as const;

/** One context on the command line. */
export const oneContext = { kind: "tuple", parameters: [contextParameter] } as const;
