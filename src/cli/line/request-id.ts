import { optionalFlag } from "../flags/flag.ts";
import { isUuid } from "../../lib/format/uuid.ts";

/** Parses a request id. @throws {RangeError} */
export function parseRequestId(value: string): string {
  if (!isUuid(value)) {
    throw new RangeError(`"${value}" is not a request id: expected the UUID that the first try printed`);
  }
  return value.toLowerCase();
}

/** `--request-id` of the commands that change something. */
export const requestIdFlag = optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId);
