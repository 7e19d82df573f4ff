// Node has this global; its type declarations do not.
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

const pageBytes = 65_536;

/**
 * A buffer that begins at a page boundary, as direct I/O (O_DIRECT) requires; `bytes` is rounded up to 64 KiB. Node's
 * own buffers have an arbitrary, unknown alignment; the memory of a WebAssembly module consists of whole pages.
 */
export function alignedBuffer(bytes: number): Buffer {
  const pages = Math.ceil(bytes / pageBytes);
  return Buffer.from(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer);
}
