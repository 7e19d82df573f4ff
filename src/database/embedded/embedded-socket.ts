import { open } from "node:fs/promises";
import { join } from "node:path";
import { socketNames } from "./embedded-settings.ts";

/** The directory that a client uses as `host`. */
export interface SocketDirectory extends AsyncDisposable {
  readonly host: string;
}

/** Maximum length in bytes of a Unix socket's path: sun_path has 108 with the final NUL (unix(7)). */
const longestPath = 107;

/**
 * The data directory in a form that a client can use: its path, or, if that is too long for a socket, a path through a
 * descriptor that this process holds open.
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
