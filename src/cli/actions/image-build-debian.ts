import { resolve } from "node:path";
import type { CliContext } from "../context.ts";

/** Flags of `farrier image build debian`. */
export interface ImageBuildDebianFlags {
  out: string;
  debug: boolean | undefined;
}

/** `farrier image build debian` */
export async function imageBuildDebianAction(this: CliContext, { out }: ImageBuildDebianFlags): Promise<void> {
  this.process.exitCode = await this.starters.imageBuild({
    system: { kind: "debian" },
    out: resolve(out),
    cacheHome: this.process.env["XDG_CACHE_HOME"],
  });
}
