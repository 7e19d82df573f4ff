import { afterAll, beforeAll, beforeEach, vi } from "vitest";
import { qemuLab, type QemuLab, qemuLabMissing } from "./qemu-lab.ts";

/**
 * Gives the tests of a file one lab of QEMU machines, and the hour that these need. Where there can be none, each test is
 * left out and says why. @param prepare runs once, before the first test @param flags of `farrier up` @returns the lab, for use
 * in tests
 */
export function qemuLabSuite(
  prepare: (lab: QemuLab) => Promise<void> = async () => {},
  flags: readonly string[] = [],
): () => QemuLab {
  vi.setConfig({ testTimeout: 3_600_000, hookTimeout: 1_200_000 });
  let missing: string | undefined;
  let lab: QemuLab | undefined;
  beforeAll(async () => {
    missing = await qemuLabMissing();
    if (missing === undefined) {
      lab = await qemuLab(...flags);
      await prepare(lab);
    }
  });
  afterAll(async () => await lab?.[Symbol.asyncDispose]());
  beforeEach((context) => context.skip(missing !== undefined, missing));
  return () => {
    if (lab === undefined) {
      throw new Error("the lab is made before the first test");
    }
    return lab;
  };
}
