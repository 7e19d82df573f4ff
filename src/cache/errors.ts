import { CodedError } from "../lib/errors.ts";

/** The kinds of the cache's errors. */
export type CacheErrorCode =
  /** The bytes do not have the digest under which they were to be stored. */
  | "unproven"
  /** There is no room for them. */
  | "full"
  /** No other cache has them, or no cache with them can be reached. */
  | "unavailable"
  /** The folder or the address can't be used. */
  | "unusable";

/** An error of the cache of images. It has no secret of a URL in it. */
export class CacheError extends CodedError<CacheErrorCode> {}
