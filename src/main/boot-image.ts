import { bootImageBuild } from "../../boot-image/build.ts";
import { mediumBuild } from "../../boot-image/medium/build.ts";
import { mediumRoots } from "../../boot-image/medium/packages.ts";
import { packagesFor } from "../../boot-image/packages-for.ts";
import { mediumName } from "../contract/medium-path.ts";
import type { BootImageBuildOptions } from "./options.ts";
import { buildCache } from "./build-cache.ts";

/** `farrier boot-image build`. Resolves to the exit status. */
export async function bootImageBuildProcess(options: BootImageBuildOptions): Promise<number> {
  const { cacheHome, iso, kernelArguments, ...rest } = options;
  const cache = buildCache(cacheHome);
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const manifest = await bootImageBuild({ ...rest, cache, node: process.execPath, tell });
  const { sizes, sha256, kernelVersion, modules, node } = manifest;
  process.stdout.write(
    [
      `${options.out}: kernel ${kernelVersion} with ${modules} modules, Node ${node}`,
      `  vmlinuz    ${megabytes(sizes.vmlinuz)}  sha256:${sha256.vmlinuz}`,
      `  initramfs  ${megabytes(sizes.initramfs)}  sha256:${sha256.initramfs}`,
      "",
    ].join("\n"),
  );
  if (iso) {
    const packages = await packagesFor({ packages: options.packages, cache }, mediumRoots);
    const medium = await mediumBuild({ out: options.out, image: manifest, packages, cache, kernelArguments, tell });
    process.stdout.write(`  ${mediumName}  ${megabytes(medium.bytes)}  sha256:${medium.sha256}\n`);
  }
  return 0;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`.padStart(9);
}
