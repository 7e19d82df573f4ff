import type { PackageTree } from "./package-tree.ts";
import { runFile } from "./run-program.ts";

/** The dynamic loader of x86-64 programs. */
const loaderName = "ld-linux-x86-64.so.2";

/**
 * Runs a program of an unpacked package, with the libraries and the loader of unpacked packages: this host need have
 * neither. `name` is argv[0]. Resolves to its standard output.
 * @throws {BuildError}
 */
export async function runPackageProgram(
  tree: PackageTree,
  name: string,
  args: readonly string[],
  options: { file?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const loader = await tree.library(loaderName);
  const libraries = ["--library-path", tree.libraryFolders().join(":"), "--argv0", name];
  const file = options.file ?? (await tree.program(name));
  return runFile(loader, [...libraries, file, ...args], {
    env: options.env,
    missing: "give the package libc6 of the same Debian",
  });
}
