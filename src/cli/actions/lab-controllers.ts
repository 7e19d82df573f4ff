import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";

/** Flags of `farrier lab controllers`. */
export type LabControllersFlags = CommonFlags;

/** `farrier lab controllers` */
export async function labControllersAction(this: CliContext, flags: LabControllersFlags): Promise<void> {
  this.process.exitCode = await this.starters.lab.controllersServe({
    dataDir: dataDirectory(flags, this.process.env),
    debug: this.debug,
  });
}
