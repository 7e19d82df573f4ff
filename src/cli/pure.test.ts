import { expect, test } from "vitest";
import { shortIds } from "./actions/machine-list.ts";
import { paint } from "./show/colour.ts";
import { contextsParse } from "./call/contexts.ts";
import { parseSeconds } from "../lib/format/parse-seconds.ts";
import { explainText } from "./show/explain-text.ts";
import { pages } from "./call/pages.ts";
import { parseMachineStates } from "./show/states.ts";

test.each([
  ["90", 90],
  ["90s", 90],
  ["15m", 900],
  ["12h", 43_200],
  ["30d", 2_592_000],
])("%s is %i seconds", (text, seconds) => {
  expect(parseSeconds(text)).toBe(seconds);
});

test.each(["", "0", "-1", "1.5h", "1w", "999999999d"])("%j is no duration", (text) => {
  expect(() => parseSeconds(text)).toThrow(/is not a duration: expected/u);
});

test.each([
  ["", undefined],
  ["[]", undefined],
  ['{"contexts":{"a":{}}}', undefined],
  ['{"contexts":{"a":{"url":"x","token":1}}}', undefined],
  ['{"contexts":{}}', { contexts: {} }],
  ['{"current":"a","contexts":{"a":{"url":"x","other":1}}}', { current: "a", contexts: { a: { url: "x" } } }],
])("contexts in %j", (text, expected) => {
  expect(contextsParse(text)).toEqual(expected);
});

test("states may be given with commas, blanks and in any case", () => {
  expect(parseMachineStates(["agent-lost,NEW", "install pending"])).toHaveLength(3);
  expect(() => parseMachineStates(["gone"])).toThrow(/--state "gone": expected one of new, /u);
});

test("ids are shortened to what tells them apart", () => {
  const ids = ["11111111-1111-4111", "11111111-2222-4111"];
  expect(shortIds(ids)).toEqual(["11111111-1111", "11111111-2222"]);
  expect(shortIds(["11111111-1111-4111"])).toEqual(["11111111"]);
});

test("states stand out, names do not", () => {
  expect(paint("agent-lost", "STATE")).toBe("\u001B[31magent-lost\u001B[0m");
  expect(paint("2 succeeded", "REQUEST")).toBe("\u001B[32m2 succeeded\u001B[0m");
  expect(paint("failed", "NAME")).toBe("failed");
});

test("pages are called for until there is enough, and say where it goes on", async () => {
  const call = async ({ pageSize, pageToken }: { pageSize: number; pageToken: string }) => ({
    items: Array.from({ length: Math.min(pageSize, 2) }, () => pageToken),
    nextPageToken: pageToken === "b" ? "" : pageToken === "" ? "a" : "b",
  });
  expect(await pages({}, call)).toEqual({ items: ["", "", "a", "a", "b", "b"], nextPageToken: "", more: undefined });
  const some = await pages({ limit: 3 }, call);
  expect([some.items, some.nextPageToken, some.more]).toEqual([
    ["", "", "a"],
    "b",
    expect.stringMatching(/--page-token b/u),
  ]);
});

test("an explanation fits the terminal, and its first words stand out there", () => {
  const lines = ["box is lost", "because: nobody has heard of it", "you can: look"];
  expect(explainText(lines, { width: 27, colour: false })).toBe(
    "box is lost\nbecause: nobody has heard\n  of it\nyou can: look\n",
  );
  expect(explainText(lines, { width: undefined, colour: true })).toBe(
    "\u001B[1mbox is lost\u001B[0m\n\u001B[33mbecause:\u001B[0m nobody has heard of it\n\u001B[32myou can:\u001B[0m look\n",
  );
});
