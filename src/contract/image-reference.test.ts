import { expect, test } from "vitest";
import { imageDigest, imageReference } from "./image-reference.ts";

const digest = `sha256:${"0a".repeat(32)}`;

test.each([
  ["http://host/x", "http"],
  ["https://user:password@host:8443/x?token=1", "http"],
  ["HTTPS://HOST/x", "http"],
  ["http://[fd00::1]:8080/x", "http"],
  [`oci://host:5000/a/b@${digest}`, "oci"],
])("%s is an image's URL", (text, kind) => {
  expect(imageReference(text).kind).toBe(kind);
});

test.each([
  ["", /^an http, https or oci URL/u],
  ["file:///etc/passwd", /^an http, https or oci URL/u],
  ["ftp://host/x", /^an http, https or oci URL/u],
  ["/images/x", /^an http, https or oci URL/u],
  ["http://", /^an http, https or oci URL/u],
  ["http://host/a b", /^an http, https or oci URL/u],
  ["http://host:99999/", /^an http, https or oci URL/u],
  ["oci://host/a:tag", /^oci:\/\/host\/repository@sha256: and 64 lower-case/u],
  [`oci://host/a@${digest.toUpperCase()}`, /^oci:\/\/host\/repository@sha256: and 64 lower-case/u],
  ["http://[fe80::1%eth0]/x", /without a zone \(%eth0\): zones are not supported/u],
  ["http://[fe80::1%25eth0]:80/x", /zones are not supported/u],
  ["https://u:p@[fe80::1%25eth0]/x", /zones are not supported/u],
])("%s is none: it says what is", (text, expected) => {
  const read = imageReference(text);
  expect(read.kind === "invalid" && read.expected).toMatch(expected);
});

test("a digest is sha256 in lower case", () => {
  expect(imageDigest(digest)).toBe("0a".repeat(32));
  for (const wrong of [
    digest.toUpperCase(),
    `sha256:${"0A".repeat(32)}`,
    `${digest}0`,
    ` ${digest}`,
    "0a".repeat(32),
  ]) {
    expect(imageDigest(wrong)).toBeUndefined();
  }
});
