import { bootImageBuild } from "../../boot-image/build.ts";
import type { BootImageBuildOptions } from "./options.ts";
import { buildCache } from "./build-cache.ts";

/** `farrier boot-image build`. Resolves to the exit status. */
export async function bootImageBuildProcess(options: BootImageBuildOptions): Promise<number> {
  const { cacheHome, ...rest } = options;
  const manifest = await bootImageBuild({
    ...rest,
    cache: buildCache(cacheHome),
    node: process.execPath,
    tell: (text) => process.stderr.write(`${text}\n`),
  });
  const { sizes, sha256, kernelVersion, modules, node } = manifest;
  process.stdout.write(
    [
      `${options.out}: kernel ${kernelVersion} with ${modules} modules, Node ${node}`,
      `  vmlinuz    ${megabytes(sizes.vmlinuz)}  sha256:${sha256.vmlinuz}`,
      `  initramfs  ${megabytes(sizes.initramfs)}  sha256:${sha256.initramfs}`,
      "",
    ].join("\n"),
  );
  return 0;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`.padStart(9);
}
