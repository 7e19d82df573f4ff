import { expect, test } from "vitest";
import { versionReference } from "./catalogue-reference.ts";

test.each([
  ["debian-12", { name: "debian-12" }],
  ["debian-12@3", { name: "debian-12", version: 3 }],
  ["debian-12@stable", { name: "debian-12", tag: "stable" }],
  ["12", { name: "12" }],
  ["a@2147483647", { name: "a", version: 2_147_483_647 }],
])("%s", (text, expected) => {
  expect(versionReference(text)).toEqual(expected);
});

test.each([
  "",
  "@3",
  "Debian",
  "debian-",
  "a b",
  "a@",
  "a@0",
  "a@03",
  "a@-1",
  "a@1.5",
  "a@2147483648",
  "a@3@4",
  "a@Stable",
  "a@3x",
  "a".repeat(64),
  "../a",
  "https://images/a",
])("%j is none", (text) => {
  expect(versionReference(text)).toBeUndefined();
});
