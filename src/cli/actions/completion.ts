import type { CliContext } from "../context.ts";
import { completionScripts, type Shell } from "../line/completion-scripts.ts";

/** Flags of `farrier completion`. */
export interface CompletionFlags {
  debug: boolean | undefined;
}

/** `farrier completion` */
export function completionAction(this: CliContext, _flags: CompletionFlags, shell: Shell): void {
  this.process.stdout.write(completionScripts[shell]);
}
