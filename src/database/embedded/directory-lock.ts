import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { errorCode } from "../../lib/errors.ts";
import { EmbeddedError } from "./embedded-error.ts";

/** An exclusive lock on a directory. Released on disposal, and by the kernel however the process ends. */
export interface DirectoryLock extends AsyncDisposable {
  /** Device and inode: the same under every path, so that a rename or a symlink does not bypass the lock. */
  readonly identity: string;
}

/**
 * Locks the directory for this process. The lock is an abstract Unix socket named after device and inode: no file is
 * left that could go stale, and a second process reads the holder's pid from the socket. It works within one network
 * namespace: containers that share a directory do not see each other's locks.
 * @throws {EmbeddedError} directory_busy, naming the holder
 */
export async function directoryLock(directory: string, purpose: "data" | "postgres"): Promise<DirectoryLock> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const identity = `${dev}-${ino}`;
  const name = `\0farrier-${purpose}-${identity}`;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const server = await listen(name);
    if (server !== undefined) {
      return {
        identity,
        [Symbol.asyncDispose]: async () => {
          await new Promise<void>((resolve) => server.close(() => resolve()));
        },
      };
    }
    const holder = await askHolder(name);
    if (holder !== "gone") {
      throw new EmbeddedError(
        "directory_busy",
        `${directory} is in use by ${holder === "silent" ? "another process" : `process ${holder}`}: ` +
          "only one may use it; stop that process first, or choose another data directory",
      );
    }
  }
  throw new EmbeddedError("directory_busy", `other processes keep locking and releasing ${directory}: try again`);
}

async function listen(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    // A client may hang up before it has read the answer; that is no error here.
    socket.on("error", () => undefined);
    socket.end(`${process.pid}\n`);
  });
  server.unref();
  server.listen(name);
  try {
    await once(server, "listening");
    return server;
  } catch (error) {
    if (errorCode(error) === "EADDRINUSE") {
      return undefined;
    }
    throw error;
  }
}

async function askHolder(name: string): Promise<number | "gone" | "silent"> {
  return await new Promise((resolve) => {
    let text = "";
    const socket = connect(name);
    socket.setEncoding("utf8");
    socket.setTimeout(2000, () => socket.destroy());
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > 32) {
        socket.destroy();
      }
    });
    socket.on("error", (error) => resolve(errorCode(error) === "ECONNREFUSED" ? "gone" : "silent"));
    socket.on("close", () => {
      const pid = /^(\d{1,10})\n$/u.exec(text)?.[1];
      resolve(pid === undefined ? "silent" : Number(pid));
    });
  });
}
