/**
 * Maximum bytes of an image's file, and of the image on a disk. Operating systems' images have 1 to 30 GiB; zeros take no room
 * on the server's disk.
 */
export const imageRoom = { packedBytes: 32 * 2 ** 30, unpackedBytes: 128 * 2 ** 30 } as const;
