import { open } from "node:fs/promises";
import { join } from "node:path";
import { socketNames } from "./embedded-settings.ts";

/** The directory to give a client as `host`. */
export interface SocketDirectory extends AsyncDisposable {
  readonly host: string;
}

/** The longest path of a Unix socket in bytes: sun_path has 108, the last one is NUL (unix(7)). */
const longestPath = 107;

/**
 * The data directory as a client can name it: by its path, or, where that is too long for a socket, through a handle on it
 * that this process holds open.
 */
export async function socketDirectory(data: string): Promise<SocketDirectory> {
  if (Buffer.byteLength(join(data, socketNames[0])) <= longestPath) {
    return { host: data, [Symbol.asyncDispose]: async () => undefined };
  }
  const handle = await open(data, "r");
  return {
    host: `/proc/${process.pid}/fd/${handle.fd}`,
    [Symbol.asyncDispose]: async () => await handle.close(),
  };
}
