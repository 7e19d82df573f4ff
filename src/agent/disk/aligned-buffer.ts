// Node has it; its types for Node do not.
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

const pageBytes = 65_536;

/**
 * A buffer that begins at a page's boundary, as writing past the page cache (O_DIRECT) wants it; `bytes` is rounded up
 * to 64 KiB. Node's own buffers begin anywhere and can't be asked where; the memory of a WebAssembly module is made of
 * whole pages.
 */
export function alignedBuffer(bytes: number): Buffer {
  const pages = Math.ceil(bytes / pageBytes);
  return Buffer.from(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer);
}
