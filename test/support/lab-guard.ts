import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What is written to the guard when there is nothing left for it to do. */
export const guardReleased = "released\n";

/**
 * Watches over a lab from a process of its own: if this process ends without having disposed of the guard, by whatever signal, the guard
 * ends Farrier, its PostgreSQL and the QEMU machines of the lab, and removes the folder.
 */
export function labGuard(folder: string, dataDir: string): AsyncDisposable {
  const program = fileURLToPath(new URL("lab-guard-child.ts", import.meta.url));
  // A session of its own: a terminal's Ctrl-C is not for it.
  const child: ChildProcess = spawn(process.execPath, [program, folder, dataDir], {
    detached: true,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(child, "exit");
  return {
    [Symbol.asyncDispose]: async () => {
      child.stdin?.end(guardReleased);
      await ended;
    },
  };
}
