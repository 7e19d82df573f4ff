import { debianImageBuild } from "../../boot-image/os-image/debian.ts";
import { tinyImageBuild } from "../../boot-image/os-image/tiny.ts";
import type { ImageBuildOptions } from "./options.ts";
import { buildCache } from "./build-cache.ts";

/** `farrier image build`. Resolves to the exit status. */
export async function imageBuildProcess(options: ImageBuildOptions): Promise<number> {
  const { system, out, cacheHome } = options;
  const tell = (text: string): boolean => process.stderr.write(`${text}\n`);
  const place = { out, cache: buildCache(cacheHome), tell };
  const { file, digest, packedBytes, bytes } = await (system.kind === "tiny"
    ? tinyImageBuild({ ...place, firmware: system.firmware })
    : debianImageBuild(place));
  process.stdout.write(`${file}: ${(packedBytes / 1e6).toFixed(1)} MB, unpacked ${bytes} bytes\n  ${digest}\n`);
  return 0;
}
