// `debian-12`, `debian-12@3`, `debian-12@stable`: an image of the catalogue, or a version of a profile.

/** A reference to something with versions. */
export interface VersionReference {
  name: string;
  /** Absent: the latest. */
  version?: number;
  /** Another name of a version. */
  tag?: string;
}

/** Names of images and profiles. */
export const catalogueNamePattern = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/u;
/** Names of versions; they begin with a letter, so that none looks like a number. */
export const catalogueTagPattern = /^[a-z](?:[a-z0-9._-]{0,61}[a-z0-9])?$/u;
/** What {@link catalogueNamePattern} accepts. */
export const catalogueNameExpected = "a-z, 0-9 and '.-_', with a letter or digit at both ends, at most 63 characters";

/** The greatest version: what a database's integer holds. */
const versionMost = 0x7fff_ffff;

/** Parses NAME, NAME@VERSION or NAME@TAG; undefined if it is none of these. Pure. */
export function versionReference(text: string): VersionReference | undefined {
  const at = text.indexOf("@");
  const name = at === -1 ? text : text.slice(0, at);
  const rest = at === -1 ? undefined : text.slice(at + 1);
  if (!catalogueNamePattern.test(name)) {
    return undefined;
  }
  if (rest === undefined) {
    return { name };
  }
  if (/^[1-9]\d{0,9}$/u.test(rest)) {
    const version = Number(rest);
    return version <= versionMost ? { name, version } : undefined;
  }
  return catalogueTagPattern.test(rest) ? { name, tag: rest } : undefined;
}

/** NAME@VERSION. */
export function versionText(name: string, version: number): string {
  return `${name}@${version}`;
}
