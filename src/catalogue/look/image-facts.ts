/** What was learned of an image, as it is stored and sent. */
export interface LearnedFacts {
  format: "raw" | "qcow2";
  compression: "none" | "gzip" | "zstd" | "xz";
  packedBytes: number;
  /** The size on the disk. */
  unpackedBytes: number;
  partitionTable: "gpt" | "mbr" | "iso" | "none";
  partitions: LearnedPartition[];
  bootsBy: ("uefi" | "bios")[];
  architectures: ("x86_64" | "aarch64")[];
  /** Those of them whose loader has no signature, so that Secure Boot refuses it. */
  unsignedFor: ("x86_64" | "aarch64")[];
  /** Such as ext4; "" if unknown. */
  rootFileSystem: string;
  cloudInit: "yes" | "no" | "not-looked-into";
  /** What keeps machines from booting it. */
  problems: string[];
  notes: string[];
}

/** A partition of an image. */
export interface LearnedPartition {
  number: number;
  startBytes: number;
  sizeBytes: number;
  /** For people. */
  type: string;
  /** "" if unknown. */
  fileSystem: string;
}

/** Reads bytes of an unpacked image; fewer at its end. */
export type ImageRead = (length: number, position: number) => Promise<Buffer>;
