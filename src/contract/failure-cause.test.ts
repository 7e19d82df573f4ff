import { expect, test } from "vitest";
import { failureCause } from "./failure-cause.ts";

test("X12: what an agent names is the cause, whatever its text says; a later agent's word is none that is known", () => {
  expect(failureCause("disk-busy", "http://a/b answered 404 Not Found")).toBe("disk-busy");
  expect(failureCause("cosmic-rays", "http://a/b answered 404 Not Found")).toBe("image-not-found");
});

test.each([
  ["http://a/b answered 404 Not Found, expected 200", "image-not-found"],
  ["http://a/b answered 403 Forbidden, expected 200", "image-forbidden"],
  [
    "http://a/b answered 503 Service Unavailable, expected 200 (given up after 12 tries in a row)",
    "image-server-error",
  ],
  ["http://a/b has the digest sha256:00 (1 bytes), expected sha256:11: it was altered", "wrong-digest"],
  ["https://a/b cannot be fetched: unable to verify the first certificate", "image-certificate"],
  ["http://a/b cannot be fetched (given up after 12 tries in a row): connect ECONNREFUSED", "image-unreachable"],
  ['http://a/b answered with an HTML page (Content-Type "text/html")', "not-an-image"],
  ["no disk matches serial=S9. Disks: sda (1 bytes; serial=S1)", "disk-selector"],
  ["disk sda has 1000 bytes, the image has 2000", "disk-too-small"],
  ["disk sda is in use: mounted at /", "disk-busy"],
  ["it broke", "other"],
])("X12: without a word for it, the text shows the cause: %s", (text, cause) => {
  expect(failureCause("", text)).toBe(cause);
});
