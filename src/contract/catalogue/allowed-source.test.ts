import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAllowedSource, sourceAllows } from "./allowed-source.ts";

const allows = (source: string, url: string): boolean => sourceAllows(source, new URL(url));

test.each([
  ["images.example.org", "https://images.example.org/a/b.raw"],
  ["images.example.org", "https://alice:secret@IMAGES.example.org:443/b.raw?key=x"],
  ["images.example.org", "oci://images.example.org/team/debian@sha256:00"],
  ["images.example.org:8443", "https://images.example.org:8443/b.raw"],
  ["*.example.org", "https://a.b.example.org/b.raw"],
  ["10.0.0.1", "https://10.0.0.1/b.raw"],
  ["[fd00::1]:8443", "https://[fd00::1]:8443/b.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian/12/b.raw"],
  ["https://images.example.org/debian", "https://images.example.org/debian/b.raw"],
  ["https://images.example.org/debian", "https://images.example.org/debian"],
  ["https://images.example.org", "https://images.example.org/b.raw"],
  ["http://10.0.0.1:8080/", "http://10.0.0.1:8080/b.raw"],
  ["oci://registry.example.org/team/", "oci://Registry.example.org/team/debian@sha256:00"],
  ["oci://registry.example.org:443/team", "oci://registry.example.org/team/debian@sha256:00"],
])("%s allows %s", (source, url) => {
  expect(isAllowedSource(source)).toBe(true);
  expect(allows(source, url)).toBe(true);
});

test.each([
  ["images.example.org", "http://images.example.org/b.raw"],
  ["images.example.org", "https://images.example.org:8443/b.raw"],
  ["images.example.org", "https://evil.example/images.example.org/b.raw"],
  ["images.example.org", "https://images.example.org@evil.example/b.raw"],
  ["images.example.org", "https://images.example.org.evil.example/b.raw"],
  ["images.example.org", "https://a.images.example.org/b.raw"],
  ["images.example.org", "https://images.example.org./b.raw"],
  ["images.example.org", "ftp://images.example.org/b.raw"],
  ["*.example.org", "https://example.org/b.raw"],
  ["*.example.org", "https://evilexample.org/b.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian-evil/b.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian/../b.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian/%2e%2e/b.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian/..%2fb.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian/%252e%252e/b.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian/..%5cb.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian/..;/b.raw"],
  ["https://images.example.org/debian/", "https://images.example.org/debian/%2e%2e;/b.raw"],
  ["https://images.example.org/debian/", "http://images.example.org/debian/b.raw"],
  ["https://images.example.org/debian/", "https://images.example.org:444/debian/b.raw"],
  ["https://images.example.org/debian/", "oci://images.example.org/debian/b@sha256:00"],
  ["oci://registry.example.org/team/", "oci://registry.example.org/teams/debian@sha256:00"],
])("%s does not allow %s", (source, url) => {
  expect(isAllowedSource(source)).toBe(true);
  expect(allows(source, url)).toBe(false);
});

describe("no source", () => {
  test.each([
    "",
    "*",
    "*.",
    "*.org",
    "*.10.0.0.1",
    "a.*.example.org",
    "images.example.org/debian",
    "https://alice@images.example.org/",
    "https://images.example.org/?key=x",
    "https://images.example.org/#a",
    "https://images.example.org/a%2fb",
    "ftp://images.example.org/",
    "images example org",
    "images.example.org\\a",
    `https://images.example.org/${"a".repeat(2_000)}`,
  ])("%j", (source) => {
    expect(isAllowedSource(source)).toBe(false);
    expect(allows(source, "https://images.example.org/b.raw")).toBe(false);
  });
});

test("what is allowed is within the prefix, however often a server decodes the path", () => {
  const piece = fc.constantFrom(
    "..",
    ".",
    "/",
    "%2e",
    "%2f",
    "%5c",
    "%25",
    "%00",
    "\\",
    ";",
    "?",
    "#",
    "@",
    ":",
    "a",
    "debian",
    "evil",
  );
  const within = (path: string): boolean => {
    const decoded = decodeURIComponent(path)
      .replaceAll("\\", "/")
      .replaceAll(/;[^/]*/gu, "");
    return new URL(`https://images.example.org${decoded}`).pathname.startsWith("/debian/");
  };
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.constantFrom("/debian/", "/debian", "/", "", "@", ":"),
      (pieces, head) => {
        const url = URL.parse(`https://images.example.org${head}${pieces.join("")}`);
        if (url !== null && sourceAllows("https://images.example.org/debian/", url) && url.pathname !== "/debian") {
          expect([url.host, within(url.pathname)]).toEqual(["images.example.org", true]);
        }
      },
    ),
    { numRuns: 20_000 },
  );
});
