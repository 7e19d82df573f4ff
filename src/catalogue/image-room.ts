/** What the images that are fetched may take. */
export interface ImageRoom {
  /** Maximum bytes of an image's file. */
  packedBytes: number;
  /** Maximum bytes of the image on a disk; zeros take no room on the server's. */
  unpackedBytes: number;
  /** The part of what is free on the server's disk that one image may take while it is looked into. */
  diskShare: number;
}

/**
 * Operating systems' images have 1 to 30 GiB. Three images are fetched at a time, so a quarter of the disk's free room is
 * never used: PostgreSQL may be on the same disk.
 */
export const imageRoom: ImageRoom = { packedBytes: 32 * 2 ** 30, unpackedBytes: 128 * 2 ** 30, diskShare: 1 / 4 };
