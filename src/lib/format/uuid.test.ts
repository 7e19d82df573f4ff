import { expect, test } from "vitest";
import { uuidOfBytes, uuidOfText } from "./uuid.ts";

test("a UUID's bytes are written in its usual notation", () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => index * 17);
  expect(uuidOfBytes(bytes)).toBe("00112233-4455-6677-8899-aabbccddeeff");
});

test("the UUID of a text is of version 8, always the same, and another for another text", () => {
  expect(uuidOfText("farrier machine 1")).toBe(uuidOfText("farrier machine 1"));
  expect(uuidOfText("farrier machine 1")).not.toBe(uuidOfText("farrier machine 2"));
  expect(uuidOfText("x")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
});
