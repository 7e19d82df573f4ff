import type { FleetContext } from "../call/contexts.ts";

/** Returns the context without its secret. */
export function contextShown({ token, ...context }: FleetContext): FleetContext {
  return token === undefined ? context : { ...context, token: "(kept in contexts.json)" };
}
