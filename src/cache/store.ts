import type { Readable } from "node:stream";

/** A file in a store. */
export interface StoredFile {
  /** SHA-256 of its bytes, 64 hexadecimal digits. */
  hex: string;
  bytes: number;
  /** When it was stored or found, by the store's clock, in milliseconds. */
  since: number;
}

/** A stored file that is being read; it stays readable until it is disposed of, also if it is removed meanwhile. */
export interface OpenedFile extends AsyncDisposable {
  bytes: number;
  /** The bytes from `first` to `last`, both included. */
  read(first: number, last: number): Readable;
}

/** Where a cache keeps its files, by their digests. */
export interface ImageStore {
  /** A UUID that stays with the files. */
  id: string;
  /** The files whose bytes were found to have their digest. */
  list(): StoredFile[];
  /** Opens a file; undefined if it is not there, or was altered: then it is removed. */
  open(hex: string): Promise<OpenedFile | undefined>;
  /**
   * Stores bytes, unless they do not have this digest. Nobody sees a part of them.
   * @throws {CacheError} `unproven`, `full`; what `pieces` throws
   */
  put(hex: string, pieces: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  remove(hex: string): Promise<void>;
  /**
   * Looks at all files that are there: takes in the new ones that have their digest, after reading them, and removes those
   * that do not; forgets the deleted ones; reads the changed ones again.
   */
  scan(signal?: AbortSignal): Promise<void>;
  /** Reads a file again and compares its digest; a file with another digest is removed. Resolves to whether it has. */
  check(hex: string, signal?: AbortSignal): Promise<boolean>;
}
