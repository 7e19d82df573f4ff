import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { errorCode } from "../lib/errors.ts";
import { LabError } from "./errors.ts";

/** Milliseconds to wait for another process that is switching the machine, which takes a second or two. */
const patience = 20_000;

/**
 * Locks a machine's power switch against the control plane and all command lines of this host. It is an abstract Unix
 * socket, which the kernel releases however the holder ends.
 * @throws {LabError} `busy`, `not_found`
 */
export async function labMachineLock(
  directory: string,
  name: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<AsyncDisposable> {
  const { dev, ino } = await stat(join(directory, name), { bigint: true }).catch((error: unknown) => {
    throw errorCode(error) === "ENOENT"
      ? new LabError("not_found", `there is no lab machine "${name}": \`farrier lab list\` shows all`)
      : error;
  });
  const deadline = clock.monotonic() + patience;
  for (;;) {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.listen(`\0farrier-lab-${dev}-${ino}`);
    try {
      await once(server, "listening");
      return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
    } catch (error) {
      if (errorCode(error) !== "EADDRINUSE") {
        throw error;
      }
    }
    if (clock.monotonic() > deadline) {
      throw new LabError(
        "busy",
        `another process holds the power switch of ${name} for ${patience / 1000} s: try again`,
      );
    }
    await clock.sleep(50, signal);
  }
}
