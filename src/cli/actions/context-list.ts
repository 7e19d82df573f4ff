import { contextNamed, contextsRead } from "../call/contexts.ts";
import type { CliContext } from "../context.ts";
import { contextShown } from "../show/context-shown.ts";
import { outputWidth } from "../show/print.ts";
import { table } from "../show/table.ts";

/** Flags of `farrier context list`. */
export interface ContextListFlags {
  json: boolean | undefined;
  debug: boolean | undefined;
}

/** `farrier context list` */
export async function contextListAction(this: CliContext, flags: ContextListFlags): Promise<void> {
  const all = await contextsRead(this.process.env);
  const names = Object.keys(all.contexts);
  if (flags.json === true) {
    const contexts = Object.fromEntries(names.map((name) => [name, contextShown(contextNamed(all, name))]));
    this.process.stdout.write(`${JSON.stringify({ current: all.current ?? null, contexts }, null, 2)}\n`);
    return;
  }
  if (names.length === 0) {
    this.process.stderr.write("no contexts: `farrier context add --help` says how to make one\n");
    return;
  }
  const rows = names.map((name) => {
    const { url, ...rest } = contextShown(contextNamed(all, name));
    return [name === all.current ? "*" : "", name, url, Object.keys(rest).join(", ")];
  });
  this.process.stdout.write(table(["USED", "NAME", "URL", "WITH"], rows, { width: outputWidth(this) }));
}
