const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes in units of a thousand, as makers of disks count them: "50.3 MB". */
export function shortBytes(bytes: bigint): string {
  let [value, unit] = [Number(bytes), 0];
  while (Math.abs(value) >= 999.95 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** The same with all digits beside it: two sizes never read the same. */
export function formatBytes(bytes: bigint): string {
  const short = shortBytes(bytes);
  return short === `${bytes} B` ? short : `${short} (${bytes})`;
}

/** Bytes as lower-case hex digits. */
export function hex(bytes: Uint8Array, separator = ""): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(separator);
}
