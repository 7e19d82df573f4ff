import { describe, expect, test } from "vitest";
import { continuation, fileVersion, rangeHeaders } from "./ranges.ts";
import type { Continuation } from "./ranges.ts";

const version = { etag: '"a"', lastModified: "Mon", bytes: 100n };

describe("the rest of a file", () => {
  test.each([
    [version, { range: "bytes=40-", "if-range": '"a"' }],
    [
      { ...version, etag: 'W/"a"' },
      { range: "bytes=40-", "if-range": "Mon" },
    ],
    [
      { ...version, etag: undefined },
      { range: "bytes=40-", "if-range": "Mon" },
    ],
    [{ etag: undefined, lastModified: undefined, bytes: undefined }, { range: "bytes=40-" }],
  ])("is requested: case %#", (of, expected) => {
    expect(rangeHeaders(40n, of)).toEqual(expected);
  });

  test.each<[number, Record<string, string>, Continuation["kind"], bigint?]>([
    [206, { "content-range": "bytes 40-99/100" }, "goes-on", 0n],
    [206, { "content-range": "bytes 30-99/100", etag: '"a"' }, "goes-on", 10n],
    [206, { "content-range": "bytes 40-99/*" }, "goes-on", 0n],
    [206, { "content-range": "bytes 41-99/100" }, "refused"],
    [206, {}, "refused"],
    [206, { "content-range": "garbage" }, "refused"],
    [206, { "content-range": "bytes 40-98/99" }, "changed"],
    [206, { "content-range": "bytes 40-99/100", etag: '"b"' }, "goes-on", 0n],
    [200, { "content-length": "100", etag: '"b"' }, "goes-on", 40n],
    [200, { "content-length": "100" }, "goes-on", 40n],
    [200, {}, "goes-on", 40n],
    [200, { "content-length": "101" }, "changed"],
    [416, {}, "changed"],
    [416, { "content-range": "bytes */39" }, "changed"],
    [416, { "content-range": "bytes */41" }, "changed"],
    [416, { "content-range": "bytes */40" }, "end"],
    [404, {}, "refused"],
    [503, {}, "refused"],
  ])("%i %j: %s", (status, headers, kind, skip) => {
    const next = continuation({ status, headers }, 40n, version);
    expect(next).toMatchObject(skip === undefined ? { kind } : { kind, skip });
  });

  test("I12: of unknown length, what there is not is no change", () => {
    const unknown = { ...version, bytes: undefined };
    expect(continuation({ status: 416, headers: {} }, 40n, unknown).kind).toBe("end");
    expect(continuation({ status: 416, headers: { "content-range": "bytes */40" } }, 40n, unknown).kind).toBe("end");
    expect(continuation({ status: 416, headers: { "content-range": "bytes */30" } }, 40n, unknown).kind).toBe(
      "changed",
    );
  });

  test("a whole answer says which version it is", () => {
    expect(fileVersion({ etag: '"x"', "content-length": "12" })).toEqual({
      etag: '"x"',
      lastModified: undefined,
      bytes: 12n,
    });
    expect(fileVersion({ "content-length": "-1" }).bytes).toBeUndefined();
  });
});
