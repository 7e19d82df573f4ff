import { expect, test } from "vitest";
import { historyDetail, historyLook } from "./history-words.ts";

test.each([
  ["installation_failed", "installation", "bad"],
  ["installation_succeeded", "installation", "good"],
  ["installed_removed", "installation", "warn"],
  ["agent_lost", "agent", "bad"],
  ["work_lost", "work", "bad"],
  ["second_claimant", "boot", "bad"],
  ["machine_quarantined", "machine", "warn"],
  ["something_new", "machine", "idle"],
])("%s is about %s and %s", (event, kind, tone) => {
  expect(historyLook({ event })).toMatchObject({ kind, tone, words: event.replaceAll("_", " ") });
});

test("details are pairs of words, whatever the text is", () => {
  expect(historyDetail('{"reason":"too hot","before":2,"none":null}')).toEqual([
    ["reason", "too hot"],
    ["before", "2"],
  ]);
  expect(historyDetail('{"providerId":"web1"}')).toEqual([["provider id", "web1"]]);
  expect(historyDetail("")).toEqual([]);
  expect(historyDetail("{broken")).toEqual([["detail", "{broken"]]);
  expect(historyDetail("7")).toEqual([["detail", "7"]]);
});
