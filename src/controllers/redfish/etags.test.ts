import { expect, test } from "vitest";
import { etagOf, ifMatchTries } from "./etags.ts";

test.each([
  ["the resource's own, before the header's", { "@odata.etag": '"a"' }, { etag: '"b"' }, '"a"'],
  ["the header's", {}, { etag: '"b"' }, '"b"'],
  ["none for an empty one", { "@odata.etag": "" }, { etag: " " }, undefined],
])("row 20: %s", (_, body, headers, etag) => {
  expect(etagOf(body, headers)).toBe(etag);
});

test.each([
  ["a strong one", '"a"', ['"a"', undefined, "*"]],
  ["a weak one", 'W/"a"', ['W/"a"', '"a"', undefined, "*"]],
  ["a twice quoted one", '"\\"a\\""', ['"\\"a\\""', '"a"', undefined, "*"]],
  ["one without quotes", "a", ["a", '"a"', undefined, "*"]],
  ["none", undefined, [undefined, "*"]],
])("rows 19, 20: the tries of %s", (_, etag, tries) => {
  expect(ifMatchTries(etag)).toEqual(tries);
});
