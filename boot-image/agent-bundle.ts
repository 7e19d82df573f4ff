import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { errorCode } from "../src/lib/errors.ts";

/** The agent's bundle in the published package, relative to its folder dist/boot-image. */
export const bundleName = "agent.mjs";

/**
 * The agent as one ECMAScript module, with everything that it imports except Node's modules. The published package
 * contains it; a checkout builds it on demand with a development dependency.
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
