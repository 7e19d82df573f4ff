import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";

const folder = fileURLToPath(new URL("../../../.peers/bmc/bin/", import.meta.url));

/**
 * The path of a program in the virtual environment that tools/install-bmc-peers.sh makes. Skips the test if it is
 * missing.
 */
export function peerProgram(name: string, context: TestContext): string {
  const path = `${folder}${name}`;
  context.skip(!existsSync(path), `${name} is not there: run tools/install-bmc-peers.sh`);
  return path;
}
