import { expect, test } from "vitest";
import { addressClass } from "./address-class.ts";

test.each([
  ["8.8.8.8", "public"],
  ["2606:4700::1111", "public"],
  ["10.1.2.3", "private"],
  ["172.15.255.255", "public"],
  ["172.16.0.0", "private"],
  ["172.32.0.0", "public"],
  ["192.168.1.1", "private"],
  ["100.100.100.200", "private"],
  ["fd00:ec2::254", "private"],
  ["169.254.169.254", "link-local"],
  ["fe80::1", "link-local"],
  ["127.8.9.1", "loopback"],
  ["0.0.0.0", "loopback"],
  ["::1", "loopback"],
  ["::", "loopback"],
  ["::ffff:10.0.0.1", "private"],
  ["::ffff:a9fe:a9fe", "link-local"],
  ["64:ff9b::7f00:1", "loopback"],
  ["2002:a00:1::1", "private"],
  ["2002:808:808::1", "public"],
  ["224.0.0.1", "reserved"],
  ["ff02::1", "reserved"],
])("A10: %s is %s", (address, expected) => {
  expect(addressClass(address)).toBe(expected);
});
