import type { DiskHealth } from "./disk-health-found.ts";

const pageBytes = 512;
const kelvinOfZeroCelsius = 273;
// NVMe 2.0, 5.16.1.3: data units are thousands of 512 bytes.
const dataUnitBytes = 512_000n;
const int64Maximum = (1n << 63n) - 1n;

/** Parses an NVMe controller's log page 02h, "SMART / health information" (NVMe base 2.0, 5.16.1.3). Pure. */
export function nvmeHealth(page: Buffer): DiskHealth | undefined {
  if (page.length < pageBytes) {
    return undefined;
  }
  const counter = (at: number, unit = 1n): bigint => {
    const value = ((page.readBigUInt64LE(at + 8) << 64n) | page.readBigUInt64LE(at)) * unit;
    return value > int64Maximum ? int64Maximum : value;
  };
  const kelvin = page.readUInt16LE(1);
  return {
    criticalWarning: page.readUInt8(0) !== 0,
    availableSpareRatio: Math.fround(page.readUInt8(3) / 100),
    ...(page.readUInt8(4) === 0 ? {} : { availableSpareLimitRatio: Math.fround(page.readUInt8(4) / 100) }),
    // May exceed 1: the disk has then outlived its maker's estimate.
    usageRatio: Math.fround(page.readUInt8(5) / 100),
    ...(kelvin === 0 ? {} : { temperatureCelsius: kelvin - kelvinOfZeroCelsius }),
    writtenBytes: counter(48, dataUnitBytes),
    powerCycles: counter(112),
    powerOnHours: counter(128),
    unsafeShutdowns: counter(144),
    mediaErrors: counter(160),
  };
}
