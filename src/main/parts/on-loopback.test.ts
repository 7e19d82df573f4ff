import { expect, test } from "vitest";
import { onLoopback } from "./on-loopback.ts";

test.each([
  ["127.0.0.1", ["127.0.0.1"], true],
  ["localhost", ["::1", "127.0.0.1"], true],
  ["localhost", ["127.0.0.1", "192.0.2.7"], false],
  ["farrier.internal", ["127.0.1.1"], true],
  ["farrier.internal", ["192.0.2.7"], false],
  ["::ffff:127.0.0.1", ["::ffff:127.0.0.1"], true],
  ["0.0.0.0", ["0.0.0.0"], false],
  ["::", ["::"], false],
  ["nowhere.invalid", [], false],
])("%s, which resolves to %j: %s", async (host, addresses, expected) => {
  expect(await onLoopback({ host }, async () => addresses.map((address) => ({ address })))).toBe(expected);
});

test("an empty host is all addresses, and a name that can't be resolved is none", async () => {
  expect(await onLoopback({ host: "" }, async () => [{ address: "127.0.0.1" }])).toBe(false);
  expect(await onLoopback({ host: "a.invalid" }, () => Promise.reject(new Error("no such name")))).toBe(false);
});
