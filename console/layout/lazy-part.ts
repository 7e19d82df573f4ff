import { lazy, type LazyExoticComponent } from "react";
import { nextTryAfter } from "../live/next-try.ts";

/** What React takes as a component of any properties. */
type LazyComponent = Awaited<ReturnType<Parameters<typeof lazy>[0]>>["default"];

/** Tries after which a part counts as missing, which takes half a minute: then its file is of another build. */
const triesMost = 6;

/**
 * A part of a page whose script is loaded when the part is first drawn. Where the server is away then, the rest of the page
 * lives, and the script is requested again.
 */
export function lazyPart<Part extends LazyComponent>(load: () => Promise<Part>): LazyExoticComponent<Part> {
  return lazy(async () => {
    for (let tried = 1; ; tried += 1) {
      try {
        return { default: await load() };
      } catch (error) {
        if (tried === triesMost) {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, nextTryAfter(tried)));
      }
    }
  });
}
