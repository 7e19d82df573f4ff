import { resolve } from "node:path";
import type { CliContext } from "../context.ts";

/** Flags of `farrier image build tiny`. */
export interface ImageBuildTinyFlags {
  firmware: "uefi" | "bios";
  out: string;
  debug: boolean | undefined;
}

/** `farrier image build tiny` */
export async function imageBuildTinyAction(this: CliContext, { firmware, out }: ImageBuildTinyFlags): Promise<void> {
  this.process.exitCode = await this.starters.imageBuild({
    system: { kind: "tiny", firmware },
    out: resolve(out),
    cacheHome: this.process.env["XDG_CACHE_HOME"],
  });
}
