import { homedir } from "node:os";
import { join } from "node:path";

/** Where builders keep packages: below XDG_CACHE_HOME where that is set, else ~/.cache. */
export function buildCache(cacheHome: string | undefined): string {
  return join(cacheHome === undefined || cacheHome === "" ? join(homedir(), ".cache") : cacheHome, "farrier");
}
