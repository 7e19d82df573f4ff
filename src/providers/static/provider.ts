import type { Provider } from "../../shepherd/provider.ts";

/**
 * A provider of which Farrier only knows the name: its machines are added by hand, and their agents started by hand.
 */
export function staticProvider(name: string): Provider {
  return { name };
}
