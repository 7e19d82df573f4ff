/** Bytes that take the place of a file's own. */
export interface Overlay {
  /** In bytes from the file's beginning. */
  offset: number;
  bytes: Uint8Array;
}

/** Puts an overlay's bytes into a chunk of the file that begins at `at`. Changes the chunk. Pure otherwise. */
export function overlayChunk(chunk: Buffer, at: number, { offset, bytes }: Overlay): void {
  const first = Math.max(at, offset);
  const end = Math.min(at + chunk.length, offset + bytes.length);
  if (first < end) {
    chunk.set(bytes.subarray(first - offset, end - offset), first - at);
  }
}
