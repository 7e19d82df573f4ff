import { describe, expect, test } from "vitest";
import type { WatchEnd } from "./watch-next.ts";
import { watchNext } from "./watch-next.ts";

const longest = () => 1;
const shortest = () => 0;
const message = "";

describe("watchNext", () => {
  test.each<[string, WatchEnd, number, number, number, number]>([
    // what, end, failures before, milliseconds that it lived, shortest and longest delay
    ["it breaks", { kind: "unavailable", message }, 0, 0, 1_000, 2_000],
    ["the server ends it", { kind: "ok", response: undefined }, 0, 0, 1_000, 2_000],
    ["it breaks again", { kind: "unavailable", message }, 1, 0, 2_000, 4_000],
    ["it breaks for the tenth time", { kind: "unavailable", message }, 9, 0, 30_000, 60_000],
    ["the server says when to come again", { kind: "unavailable", message, retryAfter: 7_000 }, 0, 0, 7_000, 7_000],
    ["it says so after many", { kind: "unavailable", message, retryAfter: 7_000 }, 9, 0, 7_000, 7_000],
    ["it says a day", { kind: "unavailable", message, retryAfter: 86_400_000 }, 0, 0, 60_000, 60_000],
    ["it says now", { kind: "unavailable", message, retryAfter: 1 }, 9, 0, 1_000, 1_000],
    ["it breaks after it held", { kind: "unavailable", message }, 9, 10_000, 1_000, 2_000],
    ["it fell silent", { kind: "silent" }, 3, 150_000, 1_000, 2_000],
    ["the server does not know it", { kind: "fatal", message }, 0, 0, 300_000, 600_000],
    ["the server does not know it still", { kind: "fatal", message }, 4, 0, 300_000, 600_000],
    ["the key is refused", { kind: "unauthenticated", message }, 2, 0, 4_000, 8_000],
  ])("%s", (_what, end, failures, lived, least, most) => {
    expect(watchNext(failures, end, lived, shortest).delay).toBe(least);
    expect(watchNext(failures, end, lived, longest).delay).toBe(most);
    expect(watchNext(failures, end, lived, longest).awaitHeartbeat).toBe(end.kind === "unauthenticated");
  });

  test("failures are counted from the last stream that held", () => {
    expect(watchNext(7, { kind: "silent" }, 0, longest).failures).toBe(8);
    expect(watchNext(7, { kind: "silent" }, 10_000, longest).failures).toBe(1);
  });
});
