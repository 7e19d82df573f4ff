import { expect, test } from "vitest";
import { bareUrl, shownUrl, withoutUrlSecrets } from "./shown-url.ts";

test.each([
  ["http://user:secret@host/x", "http://host/x"],
  ["https://secret@host:8443/a/b?token=secret#secret", "https://host:8443/a/b"],
  ["https://user:p@secret@host/x@v1", "https://host/x@v1"],
  ["http://u:secret@[fe80::1]:80/x", "http://[fe80::1]:80/x"],
  ["HTTP://u:secret@host", "HTTP://host"],
  ["http:\\\\u:secret@host\\x", "http:\\\\host\\x"],
  [`oci://u:secret@host/a@sha256:${"0".repeat(64)}`, `oci://host/a@sha256:${"0".repeat(64)}`],
  ["//u:secret@host/x", "//host/x"],
  ["/x?secret", "/x"],
  ["no url", "no url"],
  ["u:secret@host/x", "host/x"],
  ["u:p@secret@host:80/x@v1?secret", "host:80/x@v1"],
  ["host/a@sha256:0", "host/a@sha256:0"],
  ["u@host", "u@host"],
])("I10: %s is shown as %s", (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});

test("a long URL is cut for people only", () => {
  const long = `https://host/${"a".repeat(1_000)}`;
  expect(shownUrl(`${long}?secret`)).toBe(long.slice(0, 500));
  expect(bareUrl(`${long}?secret`)).toBe(long);
});

test("I10: a URL's parser and its text are shown alike", () => {
  const text = "https://user:secret@host.example/a%20b?signature=secret";
  expect(shownUrl(new URL(text))).toBe(shownUrl(text));
});

test("I10: every URL in a text is shown without secrets, and the rest of the text stays", () => {
  const text =
    'http://a:secret@h/x?k=secret answered 404; {"url":"https://b:secret@i/y?z"} and `oci://c@j/k` (see docs/x.md?y)';
  expect(withoutUrlSecrets(text)).toBe(
    'http://h/x answered 404; {"url":"https://i/y"} and `oci://j/k` (see docs/x.md?y)',
  );
});
