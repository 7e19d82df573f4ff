import { expect, test } from "vitest";
import { unasked } from "./file-end.ts";

test.each<[string | undefined, bigint | undefined, RegExp | undefined]>([
  ["bytes", 8n << 20n, undefined],
  ["Bytes, other", 100n, undefined],
  ["none", (8n << 20n) + 512n, /does not announce range requests/u],
  // A server that says nothing: a disk, a disk in a VHD, something else.
  [undefined, 8n << 20n, /does not announce range requests/u],
  [undefined, (8n << 20n) + 512n, undefined],
  [undefined, 100_000n, /does not announce range requests/u],
  ["bytes", undefined, /how long the file is/u],
])(
  "I1: whether the agent requests a file's end from a server: Accept-Ranges %s, %s bytes",
  (units, bytes, expected) => {
    const headers: Record<string, string> = units === undefined ? {} : { "accept-ranges": units };
    const why = unasked(headers, { etag: undefined, lastModified: undefined, bytes });
    if (expected === undefined) {
      expect(why).toBeUndefined();
    } else {
      expect(why).toMatch(expected);
    }
  },
);
