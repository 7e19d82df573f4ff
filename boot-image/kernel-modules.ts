import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { CpioEntry } from "../src/lib/cpio.ts";
import { makeDirectory } from "../src/lib/host/make-directory.ts";
import { BuildError } from "./errors.ts";
import { modulesMissing, modulesWanted, type ModuleSet } from "./module-lists.ts";
import type { PackageTree } from "./package-tree.ts";
import { runPackageProgram } from "./package-program.ts";

const plainFile = 0o644;
// Made when the kernel was built; depmod reads them.
const kernelTables = ["modules.builtin", "modules.builtin.modinfo", "modules.order"];
// The tables of kmod's modprobe and busybox's.
const depmodTables = [
  "modules.dep",
  "modules.alias.bin",
  "modules.builtin.alias.bin",
  "modules.builtin.bin",
  "modules.dep.bin",
  "modules.softdep",
  "modules.symbols.bin",
];

/** The kernel modules of a set. */
export interface KernelModules {
  entries: CpioEntry[];
  count: number;
}

/**
 * The modules of the set with all their dependencies, and the tables by which modprobe finds them. The kernel's package
 * has no tables: depmod of the kmod package makes them, first for all modules, then for the chosen ones.
 * @throws {BuildError}
 */
export async function kernelModules(options: {
  set: ModuleSet;
  kernelVersion: string;
  /** The unpacked kernel package. */
  kernelRoot: string;
  tree: PackageTree;
}): Promise<KernelModules> {
  const { set, kernelVersion, kernelRoot, tree } = options;
  const folder = await modulesFolder(kernelRoot, kernelVersion);
  const work = await mkdtemp(join(tmpdir(), "farrier-modules-"));
  try {
    const all = join(work, "all");
    const chosen = join(work, "chosen");
    await stage(folder, join(all, "lib/modules", kernelVersion), ["kernel"]);
    await depmod(tree, all, kernelVersion);
    const dependencies = dependenciesRead(await tableText(all, kernelVersion, "modules.dep"));
    const builtin = (await tableText(all, kernelVersion, "modules.builtin")).trim().split("\n");
    const missing = modulesMissing(set, [...dependencies.keys()], builtin);
    if (missing.length > 0) {
      throw new BuildError(
        "packages",
        `kernel ${kernelVersion} has no module ${missing.join(", ")}, expected a Debian kernel`,
      );
    }
    const paths = moduleClosure(modulesWanted(set, [...dependencies.keys()]), dependencies);
    await stage(folder, join(chosen, "lib/modules", kernelVersion), paths);
    await depmod(tree, chosen, kernelVersion);
    const entries: CpioEntry[] = [];
    for (const path of [...paths, ...depmodTables]) {
      const name = `lib/modules/${kernelVersion}/${path}`;
      entries.push({ kind: "file", path: name, mode: plainFile, data: await readFile(join(chosen, name)) });
    }
    return { entries, count: paths.length };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The modules that each module needs, from modules.dep: "a.ko: b.ko c.ko". */
export function dependenciesRead(text: string): Map<string, string[]> {
  const lines = text.split("\n").filter((line) => line.includes(":"));
  return new Map(
    lines.map((line) => {
      const [path = "", needed = ""] = line.split(":");
      return [path, needed.split(" ").filter((each) => each !== "")];
    }),
  );
}

/** These modules and all that they need, sorted, each once. */
export function moduleClosure(
  wanted: readonly string[],
  dependencies: ReadonlyMap<string, readonly string[]>,
): string[] {
  const found = new Set<string>();
  const add = (path: string): void => {
    if (!found.has(path)) {
      found.add(path);
      dependencies.get(path)?.forEach(add);
    }
  };
  wanted.forEach(add);
  return [...found].toSorted();
}

async function modulesFolder(kernelRoot: string, kernelVersion: string): Promise<string> {
  for (const folder of ["lib/modules", "usr/lib/modules"].map((each) => join(kernelRoot, each))) {
    const versions = await readdir(folder).catch((): string[] => []);
    if (versions.includes(kernelVersion)) {
      return join(folder, kernelVersion);
    }
  }
  throw new BuildError("packages", `the kernel's package has no modules of ${kernelVersion}: is it a Debian kernel?`);
}

/** A folder that links only these modules. */
async function stage(folder: string, staged: string, paths: readonly string[]): Promise<void> {
  for (const path of [...kernelTables, ...paths]) {
    await makeDirectory(dirname(join(staged, path)));
    await symlink(join(folder, path), join(staged, path));
  }
}

async function depmod(tree: PackageTree, base: string, kernelVersion: string): Promise<void> {
  await runPackageProgram(tree, "depmod", ["-b", base, kernelVersion], { file: await tree.program("kmod") });
}

function tableText(base: string, kernelVersion: string, table: string): Promise<string> {
  return readFile(join(base, "lib/modules", kernelVersion, table), "utf8");
}
