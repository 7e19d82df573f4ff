import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";

/** The age column of a time in the future is left out. */
export function until(timestamp: Timestamp | undefined): string {
  return timestamp === undefined ? "never" : `${timestampDate(timestamp).toISOString().slice(0, 19)}Z`;
}
