import { expect, test } from "vitest";
import { waitFor } from "./wait.ts";

test("returns the first value that is there", async () => {
  let calls = 0;
  expect(await waitFor("the third", () => (++calls === 3 ? calls : undefined))).toBe(3);
  expect(await waitFor("zero, which is something", () => 0)).toBe(0);
});

test("says what it waited for, and what it saw last", async () => {
  await expect(waitFor("a miracle", () => false, { timeoutMs: 20 })).rejects.toThrow(
    /20 ms for a miracle; last seen: false/u,
  );
  const failing = waitFor("a file", () => Promise.reject(new Error("no such file")), { timeoutMs: 20 });
  await expect(failing).rejects.toThrow(/a file; last seen: .*no such file/u);
});
