import { homedir } from "node:os";
import { join } from "node:path";

/** Where builders keep packages: under XDG_CACHE_HOME if that is set, otherwise ~/.cache. */
export function buildCache(cacheHome: string | undefined): string {
  return join(cacheHome === undefined || cacheHome === "" ? join(homedir(), ".cache") : cacheHome, "farrier");
}
