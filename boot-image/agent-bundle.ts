import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { errorCode } from "../src/lib/errors.ts";

/** Where the published package has the agent's bundle, from its `dist` folder's boot-image. */
export const bundleName = "agent.mjs";

/**
 * The agent alone as one ECMAScript module, with everything that it imports but Node's own. The published package has it made;
 * a checkout makes it on the spot, with a developers' tool.
 */
export async function agentBundle(): Promise<Buffer> {
  try {
    return await readFile(new URL(bundleName, import.meta.url));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      throw error;
    }
  }
  const { agentBundleMake } = await import("./agent-bundle-make.ts");
  return Buffer.from(
    (await agentBundleMake(fileURLToPath(new URL("../src/main/agent-boot.ts", import.meta.url)))).code,
  );
}
