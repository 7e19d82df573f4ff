import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { errorCode } from "../lib/errors.ts";
import { LabError } from "./errors.ts";

/** Milliseconds to wait for another who switches the machine: that takes a second or two. */
const patience = 20_000;

/**
 * Holds a machine's power switch, against the control plane and every command line of this host. An abstract Unix socket:
 * the kernel gives it back, however the holder ends.
 * @throws {LabError} `busy`, `not_found`
 */
export async function labMachineLock(directory: string, name: string, clock: Clock): Promise<AsyncDisposable> {
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
    await clock.sleep(50);
  }
}
