import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";

/** Flags of `farrier lab power`. */
export interface LabPowerFlags extends CommonFlags {
  boot: "network" | "disk" | "medium" | undefined;
}

/** `farrier lab power` */
export async function labPowerAction(
  this: CliContext,
  flags: LabPowerFlags,
  name: string,
  action: "on" | "off" | "reset",
): Promise<void> {
  await this.starters.lab.power({ dataDir: dataDirectory(flags, this.process.env), name, action, boot: flags.boot });
}
