import { expect, test } from "vitest";
import { ipBytes, ipText } from "./ip-bytes.ts";

test.each([
  ["192.0.2.7", "c0000207"],
  ["::", "00000000000000000000000000000000"],
  ["::1", "00000000000000000000000000000001"],
  ["2001:db8::7:a0b", "20010db8000000000000000000070a0b"],
  ["2001:DB8:1:2:3:4:5:6", "20010db8000100020003000400050006"],
  ["fe80::", "fe800000000000000000000000000000"],
  ["::ffff:192.0.2.7", "00000000000000000000ffffc0000207"],
])("%s", (address, bytes) => {
  expect(ipBytes(address).toString("hex")).toBe(bytes);
});

test.each(["192.0.2.7", "::", "::1", "2001:db8::7:a0b", "fe80::1"])("%s and back", (address) => {
  expect(ipText(ipBytes(address))).toBe(address);
});
