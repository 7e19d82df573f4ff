// Numbers of bytes for people: on the command line, in the operator API's texts and in the console.
const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB"] as const;
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/** Three digits and a unit of powers of 1000, as makers sell disks: "1.23 GB". Pure. */
export function bytesText(bytes: bigint | number): string {
  return inUnits(bytes, 1000, decimalUnits).join(" ");
}

/** Three digits at most and a unit of powers of 1024, as memory is built: "2 GiB", "31.2 GiB". Pure. */
export function memoryText(bytes: bigint | number): string {
  const [number, unit] = inUnits(bytes, 1024, binaryUnits);
  return `${number.replace(/\.0+$|(?<=\.\d)0$/u, "")} ${unit}`;
}

/** A text followed by all digits, so that two sizes never look the same: "512 GB (512000000000)". Pure. */
export function exactBytesText(bytes: bigint, text: (bytes: bigint) => string): string {
  const short = text(bytes);
  return short === `${bytes} B` ? short : `${short} (${bytes})`;
}

function inUnits(bytes: bigint | number, factor: number, units: readonly string[]): [number: string, unit: string] {
  let value = Number(bytes);
  let at = 0;
  // 999.5 would be printed as 1000.
  while (Math.abs(value) >= factor - 0.5 && at < units.length - 1) {
    value /= factor;
    at += 1;
  }
  const size = Math.abs(value);
  const digits = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return [value.toFixed(at === 0 ? 0 : digits), units[at] ?? ""];
}
