import { readFile, rm } from "node:fs/promises";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import type { Logger } from "../lib/log.ts";
import { errorText } from "./errors.ts";

/**
 * Where an agent that is restarted before its success was acknowledged finds it: without it, the new run would be asked
 * for nothing and stay in the machine's RAM for ever. The file must not outlive a reboot.
 */
export interface ResultFile {
  /** The generation that was installed, if any. */
  recall(): Promise<bigint | undefined>;
  remember(generation: bigint): Promise<void>;
  forget(): Promise<void>;
}

/**
 * None of its functions throws: an installation is not less successful because this file can't be written.
 * @param path undefined = nothing is kept
 */
export function resultFile(path: string | undefined, log: Logger): ResultFile {
  if (path === undefined) {
    return {
      recall: () => Promise.resolve(undefined),
      remember: () => Promise.resolve(),
      forget: () => Promise.resolve(),
    };
  }
  const told = (error: unknown): void => log.warn({ path, reason: errorText(error) }, "the result can't be kept");
  return {
    recall: async () => {
      const text = await readFile(path, "utf8").catch(() => "");
      return /^[1-9]\d{0,18}\n$/u.test(text) ? BigInt(text.trim()) : undefined;
    },
    remember: async (generation) => {
      await writeFileAtomic(path, `${generation}\n`, { mode: 0o600 }).catch(told);
    },
    forget: () => rm(path, { force: true }).catch(told),
  };
}
