import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../src/lib/host/atomic-file.ts";
import { cpioArchive, type CpioEntry } from "../src/lib/cpio.ts";
import { makeDirectory } from "../src/lib/host/make-directory.ts";
import { agentBundle } from "./agent-bundle.ts";
import { compress } from "./compress.ts";
import { BuildError } from "./errors.ts";
import { firmwareEntries } from "./firmware.ts";
import { initEntries } from "./init-entries.ts";
import { inputsDigest } from "./inputs.ts";
import { kernelOf } from "./kernel.ts";
import { kernelModules } from "./kernel-modules.ts";
import { manifestRead, type BootImageManifest } from "./manifest.ts";
import { packageTree } from "./package-tree.ts";
import { digested, packagesFor } from "./packages-for.ts";
import { libraryPackages, toolPackages, type Drivers } from "./packages.ts";
import { nodePath, programEntries } from "./programs.ts";
import { takeoverFolder, takeoverPrograms } from "./takeover-programs.ts";
import { unpackAll } from "./unpack.ts";

/** The options of a build. */
export interface BootImageOptions {
  drivers: Drivers;
  /** The output folder: vmlinuz, initramfs, takeover/, manifest.json. */
  out: string;
  /** A folder of .deb files; absent means that apt fetches them. */
  packages: string | undefined;
  /** .deb files whose firmware is included. */
  firmware: readonly string[];
  /** Keeps packages and their content from one build to the next. */
  cache: string;
  /** Node's binary, which is included. */
  node: string;
  /** Called with a description of each step. */
  tell: (text: string) => void;
}

const readable = 0o644;
const executable = 0o755;

/**
 * Builds the boot image's kernel and initramfs. The same packages, Node and Farrier give the same bytes; if the
 * folder's image was made from these, it is left unchanged.
 * @throws {BuildError}
 */
export async function bootImageBuild(options: BootImageOptions): Promise<BootImageManifest> {
  const { drivers, out, cache, tell } = options;
  if (process.arch !== "x64") {
    throw new BuildError("unsupported", `boot images are built on x86-64 for x86-64, this host is ${process.arch}`);
  }
  tell(options.packages === undefined ? "fetching packages with apt" : `taking packages of ${options.packages}`);
  const files = await packagesFor(options, [...toolPackages, ...libraryPackages]);
  tell(`unpacking ${files.length} packages`);
  const unpacked = await unpackAll(files, join(cache, "unpacked"));
  const firmware = await unpackAll(await digested(options.firmware), join(cache, "unpacked"));
  const tree = packageTree(unpacked);
  const kernel = kernelOf(unpacked);
  const agent = await agentBundle();
  const inputs = await inputsDigest({ drivers, node: options.node, agent, packages: [...unpacked, ...firmware] });
  const before = await manifestRead(out);
  if (before?.inputs === inputs) {
    tell("nothing has changed since it was built");
    return before;
  }
  tell(`assembling, with kernel ${kernel.version} and Node ${process.version}`);
  const modules = await kernelModules({ set: drivers, kernelVersion: kernel.version, kernelRoot: kernel.root, tree });
  const entries = [
    ...(await initEntries(tree)),
    ...(await programEntries(tree, options.node)),
    ...modules.entries,
    ...(await firmwareEntries(firmware)),
    { kind: "file", path: "opt/farrier/agent.mjs", mode: readable, data: agent } as const,
  ];
  const archives = halves(entries).map(cpioArchive);
  tell(`compressing ${(archives.reduce((sum, { length }) => sum + length, 0) / 1e6).toFixed(1)} MB`);
  const initramfs = Buffer.concat((await Promise.all(archives.map((archive) => compress(archive)))).map(blocks));
  const vmlinuz = await readFile(kernel.image);
  const manifest: BootImageManifest = {
    architecture: "x86_64",
    drivers,
    kernelVersion: kernel.version,
    sizes: { vmlinuz: vmlinuz.length, initramfs: initramfs.length },
    sha256: { vmlinuz: sha256(vmlinuz), initramfs: sha256(initramfs) },
    modules: modules.count,
    inputs,
    node: process.version,
    packages: [...unpacked, ...firmware].map(({ name, version, sha256: digest }) => ({
      name,
      version,
      sha256: digest,
    })),
  };
  await makeDirectory(out);
  for (const { path, data } of await takeoverPrograms(tree)) {
    const file = join(out, takeoverFolder, path);
    await makeDirectory(dirname(file));
    await writeFileAtomic(file, data, { mode: executable });
  }
  await writeFileAtomic(join(out, "vmlinuz"), vmlinuz, { mode: readable });
  await writeFileAtomic(join(out, "initramfs"), initramfs, { mode: readable });
  // Last, so that the other files match it whenever it is read.
  await writeFileAtomic(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`, { mode: readable });
  return manifest;
}

/**
 * Node's binary is most of the image; with its own archive, two cores compress in parallel. The kernel unpacks one
 * archive after the other.
 */
function halves(entries: readonly CpioEntry[]): CpioEntry[][] {
  return [entries.filter(({ path }) => path === nodePath), entries.filter(({ path }) => path !== nodePath)];
}

/**
 * Padded to blocks of 512, which the kernel skips, so that an appended archive begins where the kernel looks for one.
 */
function blocks(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)]);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
