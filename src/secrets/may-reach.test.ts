import { expect, test } from "vitest";
import { allowedAddress, mayReach } from "./may-reach.ts";

test.each([
  ["10.1.0.0/16", "10.1.0.0/16"],
  ["10.1.2.3", "10.1.2.3/32"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["2001:DB8::/32", "2001:db8::/32"],
  ["2001:db8::7", "2001:db8::7/128"],
  ["::ffff:10.1.0.0/112", "10.1.0.0/16"],
  ["::ffff:10.1.2.3", "10.1.2.3/32"],
  ["BMC7.Rack.Example.", "bmc7.rack.example"],
  ["localhost", "localhost"],
])("%s is allowed as %s", (text, stored) => {
  expect(allowedAddress(text)?.text).toBe(stored);
  expect(allowedAddress(stored)?.text).toBe(stored);
});

test.each([
  "",
  "10.1.2.3/16",
  "10.1.0.0/33",
  "10.1.0.0/",
  "10.1.0.0/16/16",
  "10.1.0.0/-1",
  "10.1.0",
  "10.1.2.300",
  "2001:db8::1/32",
  "fe80::1%eth0",
  "bmc7/24",
  "*.rack",
  "bmc 7",
  "https://bmc7",
  "bmc7:443",
  "a".repeat(254),
  "bmc\0",
])("%j is no address that may be allowed", (text) => {
  expect(allowedAddress(text)).toBeUndefined();
});

test.each<[string[], string, string, boolean]>([
  [["10.1.0.0/16"], "10.1.2.3", "10.1.2.3", true],
  [["10.1.0.0/16"], "bmc7.rack", "10.1.2.3", true],
  [["10.1.0.0/16"], "bmc7.rack", "10.2.0.1", false],
  [["10.1.0.0/16"], "10.1.2.3", "192.0.2.1", false],
  [["10.1.2.3"], "bmc7", "10.1.2.3", true],
  [["10.1.2.3"], "bmc7", "10.1.2.4", false],
  [["10.1.0.0/16"], "bmc7", "::ffff:10.1.2.3", true],
  [["10.1.0.0/16"], "bmc7", "::ffff:a01:203", true],
  [["10.1.0.0/16"], "bmc7", "::ffff:10.2.2.3", false],
  [["::ffff:10.1.0.0/112"], "bmc7", "10.1.2.3", true],
  [["::ffff:10.1.0.0/112"], "bmc7", "::ffff:10.2.2.3", false],
  [["0.0.0.0/0"], "bmc7", "2001:db8::1", false],
  [["::/0"], "bmc7", "10.1.2.3", false],
  [["2001:db8::/32"], "bmc7", "2001:db8:1::7", true],
  [["2001:db8::/32"], "bmc7", "[2001:db8:1::7]", true],
  [["fe80::/10"], "bmc7", "fe80::1%eth0", true],
  [["bmc7.rack"], "BMC7.Rack.", "10.9.9.9", true],
  [["bmc7.rack"], "bmc8.rack", "10.9.9.9", false],
  [["bmc7.rack"], "evil.bmc7.rack", "10.9.9.9", false],
  [["bmc7.rack"], "bmc7.rack.evil", "10.9.9.9", false],
  [["bmc7", "10.1.0.0/16"], "bmc8", "10.1.0.9", true],
  [["10.1.0.0/16"], "bmc7", "", false],
  [["10.1.0.0/16"], "10.1.2.3", "no address", false],
  [[], "bmc7", "10.1.2.3", false],
  [["rubbish/9"], "rubbish", "10.1.2.3", false],
])("%j: %s at %s is %s", (allowed, host, ip, expected) => {
  expect(mayReach(allowed, { host, ip })).toBe(expected);
});
