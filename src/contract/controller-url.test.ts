import { expect, test } from "vitest";
import { controllerUrlParse } from "./controller-url.ts";

test.each([
  ["https://10.0.0.7", { protocol: "redfish", url: "https://10.0.0.7", tls: true }],
  ["http://bmc.example:8000/", { protocol: "redfish", url: "http://bmc.example:8000", tls: false }],
  ["ipmi://[2001:db8::7]:6230", { protocol: "ipmi", url: "ipmi://[2001:db8::7]:6230", tls: false }],
  ["ipmi://BMC.example:80", { protocol: "ipmi", url: "ipmi://bmc.example:80", tls: false }],
  ["ipmi://10.0.0.7:443/", { protocol: "ipmi", url: "ipmi://10.0.0.7:443", tls: false }],
  // A port that is the usual one is left out, so that one controller has one address.
  ["ipmi://10.0.0.7:623", { protocol: "ipmi", url: "ipmi://10.0.0.7", tls: false }],
  ["https://10.0.0.7:443", { protocol: "redfish", url: "https://10.0.0.7", tls: true }],
  ["http://10.0.0.7:80", { protocol: "redfish", url: "http://10.0.0.7", tls: false }],
])("reads %s", (text, expected) => {
  expect(controllerUrlParse(text)).toEqual(expected);
});

test.each([
  ["ftp://10.0.0.7", "expected https://HOST"],
  ["10.0.0.7", "expected https://HOST"],
  ["https://root:hunter2@10.0.0.7", "user name or password"],
  ["https://10.0.0.7/hunter2", "the host alone"],
  ["https://10.0.0.7?password=hunter2", "the host alone"],
  ["https://10.0.0.7#hunter2", "the host alone"],
])("says what is wrong with %s, and repeats no password", (text, expected) => {
  const { problem } = controllerUrlParse(text) as { problem: string };
  expect(problem).toContain(expected);
  expect(problem).not.toContain("hunter2");
});
