import { buildCommand } from "@stricli/core";
import type { ImageBuildTinyFlags } from "../actions/image-build-tiny.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";
import { requiredFlag } from "../flags/flag.ts";

export const imageBuildTinyCommand = buildCommand<ImageBuildTinyFlags, [], CliContext>({
  docs: docs(
    "Build a tiny disk image to try installations with",
    "Builds a disk image of a system that only prints on the serial console that it booted, and its cloud-init seed. " +
      "FILE is raw and compressed with zstd; its digest goes to FILE.sha256. It is made from Debian packages, which apt fetches; " +
      "no root is needed.",
    ["farrier image build tiny --out tiny.raw.zst", "farrier image build tiny --firmware bios --out tiny-bios.raw.zst"],
  ),
  parameters: {
    flags: {
      debug: commonFlags.debug,
      firmware: { kind: "enum", values: ["uefi", "bios"], default: "uefi", brief: "Firmware that can boot it" },
      out: requiredFlag("The image to write", "FILE"),
    },
  },
  loader: async () => (await import("../actions/image-build-tiny.ts")).imageBuildTinyAction,
});
