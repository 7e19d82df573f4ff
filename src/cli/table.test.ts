import { expect, test } from "vitest";
import { printable, table } from "./table.ts";

const header = ["ID", "DETAIL"];
const rows = [
  ["1", "short"],
  ["22", "a text that is rather long"],
];

test("columns stand under each other, without blanks at the ends of lines", () => {
  expect(table(header, rows)).toBe("ID  DETAIL\n1   short\n22  a text that is rather long\n");
});

test.each([20, 15, 12])("lines fit a terminal of %i columns", (width) => {
  const lines = table(header, rows, width).trimEnd().split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBe(width);
  expect(lines[2]).toMatch(/…$/u);
});

test("columns are never cut to nothing", () => {
  expect(table(header, rows, 1).split("\n")[2]).toBe("22  a tex…");
});

test("a header without rows", () => {
  expect(table(header, [])).toBe("ID  DETAIL\n");
});

test.each([
  ["\u001B[2Jgone", "\uFFFD[2Jgone"],
  ["a\r\nb\tc", "a\uFFFD b c"],
  ["\u009b31m", "\uFFFD31m"],
  ["\u202Eevil", "\uFFFDevil"],
  ["Łódź – ok", "Łódź – ok"],
])("%j is made safe for a terminal", (text, expected) => {
  expect(printable(text)).toBe(expected);
});
