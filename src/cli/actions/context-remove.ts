import { contextNamed, contextsRead, contextsWrite, type Contexts } from "../call/contexts.ts";
import type { CliContext } from "../context.ts";

/** Flags of `farrier context remove`. */
export interface ContextRemoveFlags {
  debug: boolean | undefined;
}

/** `farrier context remove` */
export async function contextRemoveAction(this: CliContext, _flags: ContextRemoveFlags, name: string): Promise<void> {
  const { current, contexts } = await contextsRead(this.process.env);
  contextNamed({ contexts }, name);
  const left: Contexts = { contexts: Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name)) };
  await contextsWrite(this.process.env, current === undefined || current === name ? left : { ...left, current });
  this.process.stdout.write(`context ${name} removed\n`);
}
