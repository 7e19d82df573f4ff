import { CodedError } from "../lib/errors.ts";

/** Codes of {@link CatalogueError}. */
export const catalogueErrorCodes = [
  /** It can't be reached now; trying again may help. */
  "unavailable",
  /** The control plane may not call the address. */
  "forbidden",
  /** Digest or signature is not the expected one. */
  "unproven",
  /** It is damaged, of an unsupported format, or boots no machine. */
  "unusable",
  /** It takes more room, memory or time than is allowed. */
  "too_large",
  /** The process that looked into it ended by itself. */
  "broken_off",
] as const;

/** Why an image could not be fetched or can't be used. */
export type CatalogueErrorCode = (typeof catalogueErrorCodes)[number];

/** An error whose message an operator may read: it has no secret of a URL in it. */
export class CatalogueError extends CodedError<CatalogueErrorCode> {}
