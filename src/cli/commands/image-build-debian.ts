import { buildCommand } from "@stricli/core";
import type { ImageBuildDebianFlags } from "../actions/image-build-debian.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";
import { requiredFlag } from "../flags/flag.ts";

export const imageBuildDebianCommand = buildCommand<ImageBuildDebianFlags, [], CliContext>({
  docs: docs(
    "Build a disk image of Debian 12",
    "Builds a disk image of Debian 12 that UEFI and BIOS can start, with cloud-init, an SSH server, and its console on the " +
      "first serial port. FILE is raw and compressed with zstd; its digest goes to FILE.sha256. It needs the packages mmdebstrap " +
      "and e2fsprogs, and fakeroot unless you are root. It takes about two minutes and 4 GB of temporary space in FILE's directory.",
    ["farrier image build debian --out debian.raw.zst"],
  ),
  parameters: {
    flags: { debug: commonFlags.debug, out: requiredFlag("The image to write", "FILE") },
  },
  loader: async () => (await import("../actions/image-build-debian.ts")).imageBuildDebianAction,
});
