import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../src/lib/errors.ts";
import { makeDirectory } from "../src/lib/host/make-directory.ts";
import { BuildError } from "./errors.ts";
import { kernelMetaPackage, kernelPackage } from "./packages.ts";
import { runBuildProgram } from "./run-program.ts";

/** A package in apt's index. */
interface Download {
  file: string;
  sha256: string;
}

/** A package on this host's disk. */
export interface PackageFile {
  path: string;
  /** In hexadecimal. */
  sha256: string;
}

/**
 * Fetches these packages, the libraries that they depend on, and the kernel with apt into `directory`, unless they are
 * there already. apt verifies them against the archive's signed index; packages fetched before are verified against the
 * same index again.
 * @throws {BuildError}
 */
export async function fetchPackages(directory: string, roots: readonly string[]): Promise<PackageFile[]> {
  const names = [...new Set([...(await libraries(roots)), ...roots, await kernel()])];
  await makeDirectory(directory);
  const wanted = await downloads(names);
  const missing: Download[] = [];
  for (const download of wanted) {
    if (!(await isThere(directory, download))) {
      missing.push(download);
    }
  }
  if (missing.length > 0) {
    await runBuildProgram(
      "apt-get",
      ["download", "-q", ...missing.map(({ file }) => file.slice(0, file.indexOf("_")))],
      {
        cwd: directory,
      },
    );
    for (const download of missing) {
      if (!(await isThere(directory, download))) {
        throw new BuildError(
          "packages",
          `apt did not leave ${download.file} in ${directory} as its index describes it: run \`apt-get update\``,
        );
      }
    }
  }
  return wanted.map(({ file, sha256 }) => ({ path: join(directory, file), sha256 }));
}

const dependsOptions = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map(
  (kind) => `--no-${kind}`,
);

/** The libraries that these packages depend on, directly or indirectly. */
async function libraries(roots: readonly string[]): Promise<string[]> {
  const text = await runBuildProgram("apt-cache", ["depends", "--recurse", ...dependsOptions, ...roots]);
  const names = text.split("\n").filter((line) => /^(?:lib|zlib)[a-z0-9.+-]+$/u.test(line) && !line.includes("perl"));
  return [...new Set(names)].toSorted();
}

async function kernel(): Promise<string> {
  const text = await runBuildProgram("apt-cache", ["depends", ...dependsOptions, kernelMetaPackage]);
  const name = [...text.matchAll(/Depends: (?<name>\S+)/gu)].map(({ groups }) => groups?.["name"] ?? "");
  const found = name.find((each) => kernelPackage.test(each));
  if (found === undefined) {
    throw new BuildError(
      "packages",
      `apt does not know which kernel ${kernelMetaPackage} is: run \`apt-get update\` on a Debian for amd64, or give ` +
        "the packages as a folder with --packages",
    );
  }
  return found;
}

async function downloads(names: readonly string[]): Promise<Download[]> {
  // Each line: 'URI' FILE SIZE SHA256:HEX
  const text = await runBuildProgram("apt-get", ["download", "--print-uris", "-q", ...names]);
  const lines = [...text.matchAll(/^'\S+' (?<file>\S+\.deb) \d+ SHA256:(?<sha256>[0-9a-f]{64})$/gmu)];
  const found = lines.map(({ groups }) => ({ file: groups?.["file"] ?? "", sha256: groups?.["sha256"] ?? "" }));
  if (found.length < names.length) {
    throw new BuildError(
      "packages",
      `apt knows ${found.length} of ${names.length} packages with their digests: run \`apt-get update\``,
    );
  }
  return found.toSorted((left, right) => (left.file < right.file ? -1 : 1));
}

async function isThere(directory: string, { file, sha256 }: Download): Promise<boolean> {
  try {
    const bytes = await readFile(join(directory, file));
    return createHash("sha256").update(bytes).digest("hex") === sha256;
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return false;
    }
    throw error;
  }
}
