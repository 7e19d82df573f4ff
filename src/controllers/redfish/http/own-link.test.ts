import { expect, test } from "vitest";
import { ownLink } from "./own-link.ts";

const origin = new URL("https://bmc.test:8443");

test.each([
  ["/redfish/v1/Systems/1", "/redfish/v1/Systems/1"],
  ["/redfish/v1/Systems?$skip=10", "/redfish/v1/Systems?$skip=10"],
  ["https://bmc.test:8443/redfish/v1/", "/redfish/v1/"],
  // The link names the same host with another port or scheme: the request goes to the given address.
  ["http://bmc.test/redfish/v1/", "/redfish/v1/"],
  ["https://BMC.test/redfish/v1/", "/redfish/v1/"],
  ["Systems/1", "/Systems/1"],
])("%s is on the controller's own origin", (link, path) => {
  expect(ownLink(origin, link)).toBe(path);
});

test.each([
  "https://evil.test/redfish/v1/",
  "//evil.test/redfish/v1/",
  "\\\\evil.test\\redfish",
  "https://bmc.test.evil.test/",
  "https://bmc.test@evil.test/",
  "file:///etc/passwd",
  "javascript:alert(1)",
  `/${"x".repeat(3000)}`,
])("%s is not followed", (link) => {
  expect(() => ownLink(origin, link)).toThrow("a link to another host");
});
