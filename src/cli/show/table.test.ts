import { expect, test } from "vitest";
import { printable } from "../../lib/format/printable.ts";
import { table } from "./table.ts";

const header = ["ID", "DETAIL"];
const rows = [
  ["1", "short"],
  ["22", "a text that is rather long"],
];

test("columns stand under each other, without blanks at the ends of lines", () => {
  expect(table(header, rows)).toBe("ID  DETAIL\n1   short\n22  a text that is rather long\n");
});

test.each([20, 15, 12])("lines fit a terminal of %i columns", (width) => {
  const lines = table(header, rows, { width }).trimEnd().split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBe(width);
  expect(lines[2]).toMatch(/…$/u);
});

test("columns are never cut to nothing", () => {
  expect(table(header, rows, { width: 1 }).split("\n")[2]).toBe("22  a tex…");
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

const events = [{ title: "AT", whole: true }, { title: "BY" }, { title: "DETAIL", wrapped: true }];

test("a time is never cut, and the last column goes on in further lines, whole", () => {
  const at = "2026-05-04T03:02:01Z";
  const detail = "error=the image has the wrong digest: expected sha256:0123456789abcdef0123456789abcdef got sha256:ff";
  const text = table(events, [[at, "component farrier up on a host with a long name", detail]], { width: 60 });
  const lines = text.trimEnd().split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(lines[1]?.startsWith(`${at}  `)).toBe(true);
  const column = (lines[0] ?? "").indexOf("DETAIL");
  const whole = lines
    .slice(1)
    .map((line) => line.slice(column))
    .join("");
  expect(whole.replaceAll(" ", "")).toBe(detail.replaceAll(" ", ""));
});

test("what makes a cell stand out takes no room", () => {
  const paint = (text: string, title: string): string => (title === "ID" ? `<${text}>` : text);
  expect(table(header, rows, { paint })).toBe("ID  DETAIL\n<1>   short\n<22>  a text that is rather long\n");
});

test("a spare column is cut before all others", () => {
  const columns = ["NAME", { title: "LABELS", spare: true }];
  const machines = [["a-long-name-of-a-machine", "rack=b12,role=web"]];
  expect(table(columns, machines, { width: 36 }).split("\n")[1]).toBe("a-long-name-of-a-machine  rack=b12,…");
  expect(table(columns, machines, { width: 24 }).split("\n")[1]).toBe("a-long-name-of-…  rack=…");
});
