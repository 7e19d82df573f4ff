import { expect, test } from "vitest";
import { identifyingMacs } from "./identifying-macs.ts";

const port = (mac: string, bus: string, driver = "") => ({
  mac: Buffer.from(mac.replaceAll(":", ""), "hex"),
  bus,
  driver,
});

test.each([
  ["a port on PCI", port("b0:7b:25:00:11:22", "pci"), true],
  ["one of a virtual machine", port("52:54:00:00:00:01", "virtio"), true],
  ["a controller's port on USB", port("7e:d3:0a:11:22:33", "usb"), false],
  ["the same, of an agent that does not tell the bus", port("7e:d3:0a:11:22:33", "", "cdc_ether"), false],
  ["one on USB with an address of its maker's", port("00:e0:4c:68:01:02", "usb"), true],
  ["the address of a series, wherever it is", port("be:3a:f2:b6:05:9f", "pci"), false],
  ["a group's address", port("01:00:5e:00:00:01", "pci"), false],
])("N1: %s", (_what, one, tells) => {
  expect(identifyingMacs([one, one])).toHaveLength(tells ? 1 : 0);
});
