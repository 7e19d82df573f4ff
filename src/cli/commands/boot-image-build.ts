import { buildCommand } from "@stricli/core";
import type { BootImageBuildFlags } from "../actions/boot-image-build.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { netbootFlags } from "../flags/netboot.ts";

export const bootImageBuildCommand = buildCommand<BootImageBuildFlags, [], CliContext>({
  docs: docs(
    "Build the kernel and initramfs that agents run in",
    "Builds vmlinuz, initramfs and manifest.json from Debian packages: fetched with apt, or given as a folder. The same " +
      "packages give the same bytes. It needs no root. The first build downloads the packages.",
    [
      "farrier boot-image build --drivers lab",
      "farrier boot-image build --drivers lab --iso",
      "farrier boot-image build --drivers all --firmware firmware-bnx2x.deb",
    ],
  ),
  parameters: {
    flags: {
      dataDir: commonFlags.dataDir,
      debug: commonFlags.debug,
      drivers: {
        kind: "enum",
        optional: true,
        values: ["lab", "all"],
        brief: "Drivers of QEMU's machines alone, or of all storage and network cards (default: lab)",
      },
      profile: {
        kind: "enum",
        optional: true,
        hidden: true,
        values: ["lab", "full"],
        brief: "Deprecated: --drivers lab or --drivers all",
      },
      out: textFlag(
        "Output folder (default: boot-image/x86_64 in the data directory, which network boot serves)",
        "DIR",
      ),
      packages: textFlag("A folder of .deb files to use instead of apt", "DIR"),
      firmware: repeatedFlag("A Debian package of firmware to include; repeatable", "FILE.deb"),
      iso: switchFlag(
        "Also make agent.iso, a boot medium for controllers' virtual media, with Debian's signed loaders",
      ),
      kernelArguments: {
        ...netbootFlags.kernelArguments,
        brief: "Text appended to the kernel command line of agent.iso",
      },
    },
  },
  loader: async () => (await import("../actions/boot-image-build.ts")).bootImageBuildAction,
});
