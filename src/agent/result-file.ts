import { readFile, rm } from "node:fs/promises";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import type { Logger } from "../lib/log.ts";
import { errorText } from "./errors.ts";

/** A success that was not acknowledged. */
export interface KeptResult {
  generation: bigint;
  /** The run that installed it, 16 bytes; absent in files of earlier versions. */
  runId?: Uint8Array;
}

/**
 * Stores a success that was not acknowledged yet, for an agent that is restarted before that. Without it, the new run
 * would have nothing to do and stay in the machine's RAM for ever. The file must not outlive a reboot.
 */
export interface ResultFile {
  /** The stored success, if there is one. */
  recall(): Promise<KeptResult | undefined>;
  remember(result: Required<KeptResult>): Promise<void>;
  forget(): Promise<void>;
}

/**
 * None of its functions throws: a failure to write this file does not fail the installation.
 * @param path undefined means that nothing is stored
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
      const { generation, run } =
        /^(?<generation>[1-9]\d{0,18})(?: (?<run>[0-9a-f]{32}))?\n$/u.exec(text)?.groups ?? {};
      return generation === undefined
        ? undefined
        : { generation: BigInt(generation), ...(run === undefined ? {} : { runId: Buffer.from(run, "hex") }) };
    },
    remember: async ({ generation, runId }) => {
      const text = `${generation} ${Buffer.from(runId).toString("hex")}\n`;
      await writeFileAtomic(path, text, { mode: 0o600 }).catch(told);
    },
    forget: () => rm(path, { force: true }).catch(told),
  };
}
