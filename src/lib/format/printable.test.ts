import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapedQuoted, isPrintable, printable, printableLines } from "./printable.ts";

/** Each makes a terminal do something, or a reader see something else. */
const hostile: readonly (readonly [string, string])[] = [
  ["ESC, a title", "\u001B]0;pwned\u0007"],
  ["BEL", "\u0007"],
  ["carriage return", "ok\rpwned"],
  ["backspace", "ab\b\b"],
  ["DEL", "\u007F"],
  ["C1: CSI", "\u009B31m"],
  ["C1: OSC", "\u009D0;x\u009C"],
  ["NEL", "a\u0085b"],
  ["right-to-left override", "\u202Eexe.txt"],
  ["isolates", "\u2066a\u2069"],
  ["Arabic letter mark", "a\u061Cb"],
  ["left-to-right mark", "a\u200Eb"],
  ["zero width space", "a\u200Bb"],
  ["word joiner", "a\u2060b"],
  ["byte order mark", "\uFEFFa"],
  ["line separator", "a\u2028b"],
  ["interlinear annotation", "a\uFFF9b\uFFFB"],
  ["tags", "a\u{E0041}b"],
  ["soft hyphen", "a\u00ADb"],
  ["a lone surrogate", "a\uD800b"],
];

// U+FFFD itself is what a bad character becomes; it is harmless.
const obeyed = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;

describe.each(hostile)("A12: %s", (_name, text) => {
  test("never reaches a terminal as it is", () => {
    expect(printable(text)).not.toBe(text);
    expect(obeyed.test(printable(text))).toBe(false);
    expect(isPrintable(text)).toBe(false);
  });

  test("stands escaped in JSON, and means the same", () => {
    const json = escapedQuoted(JSON.stringify({ text }));
    expect(obeyed.test(json)).toBe(false);
    expect(JSON.parse(json)).toEqual({ text });
  });
});

test.each(["web1", "Prüfstand 7, 東京", "a‑b “c”", "👩‍🔧 family: 👨‍👩‍👧", "क्‍ष"])("%s is left as it is", (text) => {
  expect(printable(text)).toBe(text);
});

test("line feeds and tabs become blanks, but between the lines of a message", () => {
  expect(printable("a\n\tb")).toBe("a  b");
  expect(printableLines("a\u001B\nb")).toBe("a\uFFFD\nb");
});

test("whatever the text is, nothing that a terminal obeys is left", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(obeyed.test(printable(text))).toBe(false);
      expect(JSON.parse(escapedQuoted(JSON.stringify(text)))).toBe(text);
    }),
  );
});
