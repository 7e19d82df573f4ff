import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, docs, requiredFlag } from "../flags.ts";

interface TinyFlags {
  firmware: "uefi" | "bios";
  out: string;
  debug: boolean | undefined;
}

export const imageBuildTinyCommand = buildCommand<TinyFlags, [], CliContext>({
  docs: docs(
    "Build a tiny disk image to try installations with",
    "Builds a disk image of a system that only says on the serial console that it booted, and what its cloud-init seed says. " +
      "FILE is raw and packed with zstd; its digest goes to FILE.sha256. It is made of Debian packages, which apt fetches; " +
      "no root is needed.",
    ["farrier image build tiny --out tiny.raw.zst", "farrier image build tiny --firmware bios --out tiny-bios.raw.zst"],
  ),
  parameters: {
    flags: {
      debug: commonFlags.debug,
      firmware: { kind: "enum", values: ["uefi", "bios"], default: "uefi", brief: "Which firmware can start it" },
      out: requiredFlag("The image to write", "FILE"),
    },
  },
  async func({ firmware, out }) {
    this.process.exitCode = await this.starters.imageBuild({
      kind: "tiny",
      firmware,
      out: resolve(out),
      cacheHome: this.process.env["XDG_CACHE_HOME"],
    });
  },
});
