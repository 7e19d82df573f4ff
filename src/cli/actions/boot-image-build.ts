import { join, resolve } from "node:path";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import type { BootImageDrivers } from "../../main/options.ts";

/** Flags of `farrier boot-image build`. */
export interface BootImageBuildFlags extends CommonFlags {
  drivers: BootImageDrivers | undefined;
  /** The earlier name of --drivers, and of its words; deprecated. */
  profile: "lab" | "full" | undefined;
  out: string | undefined;
  packages: string | undefined;
  firmware: readonly string[] | undefined;
  iso: boolean | undefined;
  kernelArguments: string;
}

/** `farrier boot-image build` */
export async function bootImageBuildAction(this: CliContext, flags: BootImageBuildFlags): Promise<void> {
  const dataDir = dataDirectory(flags, this.process.env);
  if (flags.drivers !== undefined && flags.profile !== undefined) {
    throw new CliError("usage", "--profile is the earlier name of --drivers: give --drivers alone");
  }
  const drivers = flags.drivers ?? (flags.profile === "full" ? "all" : "lab");
  if (flags.profile !== undefined) {
    this.process.stderr.write(`farrier: --profile is deprecated, use --drivers ${drivers}\n`);
  }
  this.process.exitCode = await this.starters.bootImageBuild({
    drivers,
    out: resolve(flags.out ?? join(dataDir, "boot-image", "x86_64")),
    packages: flags.packages,
    firmware: flags.firmware ?? [],
    iso: flags.iso === true,
    kernelArguments: flags.kernelArguments,
    cacheHome: this.process.env["XDG_CACHE_HOME"],
  });
}
