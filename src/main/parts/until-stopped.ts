import { once } from "node:events";

/**
 * Resolves to the signal that asks this process to end: SIGTERM or SIGINT. A second signal ends the process at once.
 */
export async function untilStopped(): Promise<NodeJS.Signals> {
  const first = await Promise.race([
    once(process, "SIGTERM").then(() => "SIGTERM" as const),
    once(process, "SIGINT").then(() => "SIGINT" as const),
  ]);
  const again = (): void => {
    process.stderr.write("farrier: second signal; ending without draining\n");
    process.exit(1);
  };
  process.once("SIGTERM", again);
  process.once("SIGINT", again);
  return first;
}
