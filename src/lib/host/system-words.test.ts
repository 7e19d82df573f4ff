import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { systemWords } from "./system-words.ts";

test.each([
  ["/nowhere/at/all", "(ENOENT): it does not exist"],
  ["/", "(EISDIR): it is a directory"],
  ["/etc/passwd/x", "(ENOTDIR): a part of the path is not a directory"],
])("X11: what reading %s fails with is said in words", async (path, expected) => {
  const error: unknown = await readFile(path).catch((thrown: unknown) => thrown);
  expect(systemWords(error)).toBe(expected);
});

test("X11: what has no words keeps its name", () => {
  expect(systemWords(Object.assign(new Error("x"), { code: "EWEIRD" }))).toBe("(EWEIRD): the system gives no details");
  expect(systemWords("x")).toBe("(unknown): the system gives no details");
});
