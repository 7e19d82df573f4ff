import { expect, test } from "vitest";
import { macOfBytes, macParse } from "./mac.ts";
import { smbiosUuidParse } from "./smbios-uuid.ts";

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

test.for([
  ["4C4C4544-0042-3010-8054-B7C04F4E3232", "4c4c4544-0042-3010-8054-b7c04f4e3232"],
  ["00000000-0000-0000-0000-000000000000", undefined],
  ["FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", undefined],
  ["03000200-0400-0500-0006-000700080009", undefined],
  ["Not Settable", undefined],
  ["", undefined],
])("the SMBIOS UUID %s is %s", ([text = "", uuid]) => {
  expect(smbiosUuidParse(text)).toBe(uuid);
});
