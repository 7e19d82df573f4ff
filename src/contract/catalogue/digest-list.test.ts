import { describe, expect, test } from "vitest";
import { digestOfList, listedName } from "./digest-list.ts";

const one = "ab".repeat(32);
const two = "cd".repeat(32);
const found = (text: string, name = "debian.raw") => digestOfList(text, name);

describe("forms of lists", () => {
  test.each([
    ["sha256sum", `${one}  debian.raw\n${two}  other.raw\n`],
    ["sha256sum --binary", `${one} *debian.raw\n`],
    ["sha256sum --tag", `SHA256 (debian.raw) = ${one}\n`],
    ["BSD's, among other algorithms", `MD5 (debian.raw) = ${"0".repeat(32)}\nSHA256 (debian.raw) = ${one}\n`],
    ["upper case and Windows' line ends", `${two}  other.raw\r\n${one.toUpperCase()}  debian.raw\r\n`],
    ["the same line twice", `${one}  debian.raw\n${one} *debian.raw\n`],
    ["a comment, and a signature around it", `# sums\n-----BEGIN PGP SIGNED MESSAGE-----\n\n${one}  debian.raw\n`],
  ])("%s", (_what, text) => {
    expect(found(text)).toEqual({ digest: `sha256:${one}` });
  });

  test("names with blanks, brackets, backslashes and line breaks", () => {
    expect(found(`${one}  my debian (1).raw`, "my debian (1).raw")).toEqual({ digest: `sha256:${one}` });
    expect(found(`SHA256 (my (1) = x.raw) = ${one}`, "my (1) = x.raw")).toEqual({ digest: `sha256:${one}` });
    expect(found(`\\${one}  a\\\\b\\nc`, "a\\b\nc")).toEqual({ digest: `sha256:${one}` });
    expect(found(`\\SHA256 (a\\\\b) = ${one}`, "a\\b")).toEqual({ digest: `sha256:${one}` });
    // Without the mark at the line's beginning, nothing is an escape.
    expect(found(`${one}  a\\\\b`, "a\\\\b")).toEqual({ digest: `sha256:${one}` });
  });
});

test.each([
  ["another name", `${one}  debian.raw.zst\n`, /no SHA-256 of "debian\.raw"; it has those of debian\.raw\.zst/u],
  ["a folder before the name", `${one}  ./debian.raw\n`, /no SHA-256 of/u],
  ["the name in another case", `${one}  Debian.raw\n`, /no SHA-256 of/u],
  ["a blank after the name", `${one}  debian.raw \n`, /no SHA-256 of/u],
  [
    "another algorithm",
    `${"0".repeat(128)}  debian.raw\nSHA512 (debian.raw) = ${"0".repeat(128)}\n`,
    /no SHA-256 at all/u,
  ],
  [
    "lines that disagree",
    `${one}  debian.raw\nSHA256 (debian.raw) = ${two}\n`,
    /2 SHA-256 of "debian\.raw" that differ/u,
  ],
  ["nothing", "", /no SHA-256 at all/u],
])("refused: %s", (_what, text, expected) => {
  expect(found(text)).toEqual({ problem: expect.stringMatching(expected) });
});

test.each([
  ["https://images.example.org/a/debian.raw?key=1", "debian.raw"],
  ["https://images.example.org/a%20b.raw", "a b.raw"],
  ["https://images.example.org/100%.raw", "100%.raw"],
  ["https://images.example.org/a/", undefined],
  ["https://images.example.org/a%2fb", undefined],
])("%s is listed as %s", (url, name) => {
  expect(listedName(new URL(url))).toBe(name);
});
