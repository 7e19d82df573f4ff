import { join, resolve } from "node:path";
import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import type { BootImageProfile } from "../../main/options.ts";

/** Flags of `farrier boot-image build`. */
export interface BootImageBuildFlags extends CommonFlags {
  profile: BootImageProfile;
  out: string | undefined;
  packages: string | undefined;
  firmware: readonly string[] | undefined;
}

/** `farrier boot-image build` */
export async function bootImageBuildAction(this: CliContext, flags: BootImageBuildFlags): Promise<void> {
  const dataDir = dataDirectory(flags, this.process.env);
  this.process.exitCode = await this.starters.bootImageBuild({
    profile: flags.profile,
    out: resolve(flags.out ?? join(dataDir, "boot-image", "x86_64")),
    packages: flags.packages,
    firmware: flags.firmware ?? [],
    cacheHome: this.process.env["XDG_CACHE_HOME"],
  });
}
