import { create } from "@bufbuild/protobuf";
import { SmartAttributeSchema, type SmartAttribute } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { cleanText } from "../errors.ts";
import { int32, textLimit } from "./tree.ts";

/** One row of `smartctl --json -A`: "ata_smart_attributes.table". */
export interface SmartRow {
  number: number;
  name: string;
  value: number;
  worst: number;
  /** 0 means that the maker gives none. */
  limit: number;
  raw: number;
  /** Its value is at or below the threshold now. */
  failing: boolean;
}

// Attributes of ATA disks, by the numbers that makers agree on.
/** Sectors that could not be read or written: reallocated, reallocation attempts, reported, pending, uncorrectable. */
const damage = new Set([5, 187, 196, 197, 198]);
/** For SSDs: remaining life, 100 when new (Samsung 177, Micron 202, Intel 233 and 169, Kingston 231, Toshiba 173). */
const wear = new Set([169, 173, 177, 202, 231, 233]);
/** For SSDs: remaining spare blocks, 100 when new. */
const spare = new Set([170, 180, 232]);
/** On other disks these numbers mean something else; smartctl's own database shows it by the name. */
const otherMeaning =
  /temperature|address|mark|written|writes|read|host|nand|gi?b|lba|range|block_count|unused|erase_fail/iu;

const attributeLimit = 32;

/**
 * The attributes that operators should see: counts of damage that are not 0, wear, and any attribute at its threshold.
 * A rotating disk has no wear. Ordered by number. Pure.
 */
export function smartAttributes(rows: readonly SmartRow[], rotates: boolean): SmartAttribute[] {
  return rows
    .filter((row) => row.failing || (damage.has(row.number) && row.raw > 0) || (!rotates && isMark(row, wear, spare)))
    .toSorted((a, b) => a.number - b.number)
    .slice(0, attributeLimit)
    .map((row) =>
      create(SmartAttributeSchema, {
        number: int32(row.number),
        name: cleanText(row.name, textLimit),
        value: int32(row.value),
        worst: int32(row.worst),
        limit: int32(row.limit),
        raw: BigInt(row.raw),
        failing: row.failing,
      }),
    );
}

/** The used part of an SSD's life, 0 to 1, by its worst attribute; undefined if it has none. Pure. */
export function smartUsage(rows: readonly SmartRow[], rotates: boolean): number | undefined {
  const left = rotates ? [] : rows.filter((row) => isMark(row, wear)).map(({ value }) => value);
  return left.length === 0 ? undefined : 1 - Math.min(100, ...left) / 100;
}

/**
 * The remaining part of an SSD's spare blocks, 0 to 1, and the maker's threshold for it; undefined if not reported.
 * Pure.
 */
export function smartSpare(rows: readonly SmartRow[], rotates: boolean): { left: number; limit: number } | undefined {
  const [row] = rotates ? [] : rows.filter((one) => isMark(one, spare)).toSorted((a, b) => a.value - b.value);
  return row === undefined
    ? undefined
    : { left: Math.min(100, row.value) / 100, limit: Math.min(100, row.limit) / 100 };
}

function isMark({ number, name, value }: SmartRow, ...sets: readonly ReadonlySet<number>[]): boolean {
  return sets.some((set) => set.has(number)) && value <= 200 && !otherMeaning.test(name);
}
