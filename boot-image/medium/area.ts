import { BuildError } from "../errors.ts";

/** Bytes of the reserved area: a configuration with certificates has about 3 KiB, with addresses as much again. */
export const areaBytes = 64 << 10;

/** The area while the medium is made. It begins with text that is nowhere else, by which it is found. */
export function areaMarked(mark: string): Buffer {
  const area = Buffer.alloc(areaBytes);
  area.write(mark, "latin1");
  return area;
}

/**
 * Finds the area in a finished medium and makes it blank; the kernel skips zeros between archives. Returns its offset in
 * bytes.
 * @throws {BuildError} `program_failed` if the medium does not have it exactly once, in one piece
 */
export function areaBlank(medium: Buffer, mark: string): number {
  const at = medium.indexOf(mark, 0, "latin1");
  const found = medium.subarray(at, at + areaBytes);
  if (at === -1 || medium.includes(mark, at + 1, "latin1") || !found.equals(areaMarked(mark))) {
    throw new BuildError("program_failed", "xorriso made a medium without its reserved area in one piece");
  }
  found.fill(0);
  return at;
}
