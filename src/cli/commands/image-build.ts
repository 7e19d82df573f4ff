import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, docs, requiredFlag } from "../line/flags.ts";

interface TinyFlags {
  firmware: "uefi" | "bios";
  out: string;
  debug: boolean | undefined;
}

export const imageBuildTinyCommand = buildCommand<TinyFlags, [], CliContext>({
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
  async func({ firmware, out }) {
    this.process.exitCode = await this.starters.imageBuild({
      system: { kind: "tiny", firmware },
      out: resolve(out),
      cacheHome: this.process.env["XDG_CACHE_HOME"],
    });
  },
});

interface DebianFlags {
  out: string;
  debug: boolean | undefined;
}

export const imageBuildDebianCommand = buildCommand<DebianFlags, [], CliContext>({
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
  async func({ out }) {
    this.process.exitCode = await this.starters.imageBuild({
      system: { kind: "debian" },
      out: resolve(out),
      cacheHome: this.process.env["XDG_CACHE_HOME"],
    });
  },
});
