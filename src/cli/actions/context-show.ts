import { contextNamed, contextsRead } from "../call/contexts.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { contextShown } from "../show/context-shown.ts";

/** Flags of `farrier context show`. */
export interface ContextShowFlags {
  json: boolean | undefined;
  debug: boolean | undefined;
}

/** `farrier context show` */
export async function contextShowAction(this: CliContext, flags: ContextShowFlags, named?: string): Promise<void> {
  const all = await contextsRead(this.process.env);
  const name = named ?? (this.process.env["FARRIER_CONTEXT"] || all.current);
  if (name === undefined) {
    throw new CliError(
      "failed",
      "no context is in use: `farrier context list` shows those to choose from, `farrier context use --help` says how",
    );
  }
  const context = { name, ...contextShown(contextNamed(all, name)) };
  this.process.stdout.write(
    flags.json === true
      ? `${JSON.stringify(context, null, 2)}\n`
      : Object.entries(context)
          .map(([key, value]) => `${key.padEnd(9)}  ${value}\n`)
          .join(""),
  );
}
