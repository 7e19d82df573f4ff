import { describe, expect, test } from "vitest";
import { originRefusal, ownNames, type RequestOrigin } from "./request-origin.ts";
import { authorityIssue, keyMake, serverIssue } from "../tls/issue.ts";
import { serverNames } from "../tls/names.ts";

const authority = keyMake();
authorityIssue(authority);
const certificatePem = serverIssue(
  keyMake(),
  serverNames(["farrier.example.net", "*.lab.example.net", "192.0.2.7", "2001:db8::7"]),
  authority,
).toString();

const loopback = ownNames({ loopback: "127.0.0.1", proxyNames: ["console.example.net", "*.ops.example.net"] });
const network = ownNames({ certificatePem, proxyNames: [] });

function status(names: typeof loopback, request: Partial<RequestOrigin> & { host?: string }): number | undefined {
  const { host = "127.0.0.1:8080", ...rest } = request;
  const whole = { secure: false, hosts: [host], origin: undefined, fetchSite: undefined, ...rest };
  return originRefusal(whole, names, "--operator-name")?.status;
}

describe("A14: the Host of a request", () => {
  test.each([
    "localhost",
    "LOCALHOST:1",
    "localhost.:8080",
    "127.0.0.1:65535",
    "[::1]:9",
    "console.example.net",
    "a.ops.example.net:8443",
  ])("%s is a server's on a loopback address", (host) => {
    expect(status(loopback, { host })).toBeUndefined();
  });

  test.each([
    "evil.example",
    "127.0.0.1.evil.example:8080",
    "localhost.evil.example",
    "0.0.0.0:8080",
    "192.0.2.7",
    "ops.example.net",
    "a.b.ops.example.net",
    "farrier.example.net",
  ])("%s is not", (host) => {
    expect(status(loopback, { host })).toBe(421);
  });

  test.each(["farrier.example.net:8080", "any.lab.example.net", "192.0.2.7:1", "[2001:db8::7]", "localhost:8080"])(
    "%s is of the certificate",
    (host) => {
      expect(status(network, { host, secure: true })).toBeUndefined();
    },
  );

  test.each([
    "evil.example",
    "a.b.lab.example.net",
    "lab.example.net",
    "192.0.2.8",
    "[2001:db8::8]",
    "farrier.example.net.evil.example",
  ])("%s is not of the certificate", (host) => {
    expect(status(network, { host, secure: true })).toBe(421);
  });

  test.each([
    [[]],
    [[""]],
    [["["]],
    [["a b"]],
    [["user@localhost"]],
    [["localhost/x"]],
    [["localhost", "evil.example"]],
  ])("%j is none", (hosts) => {
    expect(status(loopback, { hosts })).toBe(400);
  });

  test("the message names the flag", () => {
    const request = { secure: false, hosts: ["evil.example"], origin: undefined, fetchSite: undefined };
    expect(originRefusal(request, loopback, "--operator-name")?.message).toContain("--operator-name NAME");
  });
});

describe("A14: the Origin of a request", () => {
  test.each<[string, string, boolean]>([
    ["http://127.0.0.1:8080", "127.0.0.1:8080", false],
    ["http://localhost", "localhost:80", false],
    ["https://localhost", "localhost:443", true],
    ["https://console.example.net", "console.example.net", false],
    ["http://console.example.net", "console.example.net", false],
  ])("%s is the origin of a request to %s", (origin, host, secure) => {
    expect(status(loopback, { origin, host, secure })).toBeUndefined();
  });

  test.each<[string, string, boolean]>([
    ["http://evil.example", "127.0.0.1:8080", false],
    ["null", "127.0.0.1:8080", false],
    ["", "127.0.0.1:8080", false],
    ["https://127.0.0.1:8080", "127.0.0.1:8080", false],
    ["http://127.0.0.1:8080", "127.0.0.1:8080", true],
    ["http://127.0.0.1:3000", "127.0.0.1:8080", false],
    ["http://localhost:8080", "127.0.0.1:8080", false],
    ["http://console.example.net", "console.example.net", true],
    ["file://", "localhost:8080", false],
  ])("%j is foreign to a request to %s", (origin, host, secure) => {
    expect(status(loopback, { origin, host, secure })).toBe(403);
  });
});

test.each<[string, number | undefined]>([
  ["same-origin", undefined],
  ["none", undefined],
  ["cross-site", 403],
  ["same-site", 403],
  ["", 403],
])("A14: Sec-Fetch-Site: %s", (fetchSite, expected) => {
  expect(status(loopback, { fetchSite })).toBe(expected);
});
