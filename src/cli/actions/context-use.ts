import { contextNamed, contextsRead, contextsWrite } from "../call/contexts.ts";
import type { CliContext } from "../context.ts";

/** Flags of `farrier context use`. */
export interface ContextUseFlags {
  debug: boolean | undefined;
}

/** `farrier context use` */
export async function contextUseAction(this: CliContext, _flags: ContextUseFlags, name: string): Promise<void> {
  const contexts = await contextsRead(this.process.env);
  const { url } = contextNamed(contexts, name);
  await contextsWrite(this.process.env, { ...contexts, current: name });
  this.process.stdout.write(`commands go to ${name} (${url}), unless they say otherwise\n`);
}
