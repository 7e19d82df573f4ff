import { expect, test } from "vitest";
import { macOfBytes, macParse } from "./mac.ts";

test.for([
  ["52:54:00:12:34:AB", "52:54:00:12:34:ab"],
  ["52-54-00-12-34-ab", "52:54:00:12:34:ab"],
  ["5254.0012.34ab", "52:54:00:12:34:ab"],
  ["5254001234ab", "52:54:00:12:34:ab"],
  ["52:54:00-12:34:ab", undefined],
  ["52:54:00:12:34", undefined],
  ["52:54:00:12:34:ab:cd", undefined],
  ["52:54:00:12:34:ag", undefined],
  ["00:00:00:00:00:00", undefined],
  ["ff:ff:ff:ff:ff:ff", undefined],
  ["01:00:5e:00:00:01", undefined],
  ["", undefined],
])("the MAC %s is %s", ([text = "", mac]) => {
  expect(macParse(text)).toBe(mac);
});

test("bytes that are no EUI-48 are no MAC", () => {
  expect(macOfBytes(Buffer.from("525400123456", "hex"))).toBe("52:54:00:12:34:56");
  expect(macOfBytes(Buffer.from("5254001234", "hex"))).toBeUndefined();
  expect(macOfBytes(Buffer.alloc(6))).toBeUndefined();
});
