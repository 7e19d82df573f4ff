import { join, resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, dataDirectory, docs, repeatedFlag, textFlag, type CommonFlags } from "../line/flags.ts";
import type { BootImageProfile } from "../starters.ts";

interface Flags extends CommonFlags {
  profile: BootImageProfile;
  out: string | undefined;
  packages: string | undefined;
  firmware: readonly string[] | undefined;
}

export const bootImageBuildCommand = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Build the kernel and initramfs that agents run in",
    "Builds vmlinuz, initramfs and manifest.json from Debian packages: fetched with apt, or given as a folder. The same " +
      "packages give the same bytes. It needs no root. The first build downloads the packages.",
    ["farrier boot-image build --profile lab", "farrier boot-image build --profile full --firmware firmware-bnx2x.deb"],
  ),
  parameters: {
    flags: {
      dataDir: commonFlags.dataDir,
      debug: commonFlags.debug,
      profile: {
        kind: "enum",
        values: ["lab", "full"],
        default: "lab",
        brief: "Drivers: QEMU's devices only, or all storage and network cards",
      },
      out: textFlag(
        "Output folder (default: boot-image/x86_64 in the data directory, which network boot serves)",
        "DIR",
      ),
      packages: textFlag("A folder of .deb files to use instead of apt", "DIR"),
      firmware: repeatedFlag("A Debian package of firmware to include; repeatable", "FILE.deb"),
    },
  },
  async func(flags) {
    const dataDir = dataDirectory(flags, this.process.env);
    this.process.exitCode = await this.starters.bootImageBuild({
      profile: flags.profile,
      out: resolve(flags.out ?? join(dataDir, "boot-image", "x86_64")),
      packages: flags.packages,
      firmware: flags.firmware ?? [],
      cacheHome: this.process.env["XDG_CACHE_HOME"],
    });
  },
});
