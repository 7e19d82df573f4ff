/** One `class` attribute of those that are given; false and undefined are left out. Pure. */
export function classes(...names: readonly (string | false | undefined)[]): string {
  return names.filter((name) => name !== undefined && name !== false && name !== "").join(" ");
}
