import type { PackageTree } from "./package-tree.ts";
import { runFile } from "./run-program.ts";

/** The loader of x86-64's programs. */
const loaderName = "ld-linux-x86-64.so.2";

/**
 * Runs a program of an unpacked package, with the libraries of unpacked packages and their own loader: this host need have neither.
 * `name` is what the program is called as. Resolves to its standard output.
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
