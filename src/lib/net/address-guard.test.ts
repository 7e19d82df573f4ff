import { expect, test } from "vitest";
import { addressGuard, guardedLookup, guardedUrl, portOfUrl } from "./address-guard.ts";

const guard = addressGuard({ privateAllowed: true, loopbackAllowed: false, ownPorts: [8443] }, () => [
  "10.0.0.1",
  "fd00::7",
]);
const loopback = addressGuard({ privateAllowed: true, loopbackAllowed: true, ownPorts: [8443] }, () => ["10.0.0.1"]);
const strict = addressGuard({ privateAllowed: false, loopbackAllowed: false, ownPorts: [] }, () => []);

test.each([
  ["public", "93.184.216.34", 443, undefined, undefined],
  ["private", "10.1.2.3", 80, undefined, /private address 10\.1\.2\.3/u],
  ["private IPv6", "fd00::1", 80, undefined, /private/u],
  ["loopback", "127.0.0.1", 80, /loopback/u, /loopback/u],
  ["loopback of IPv6", "::1", 80, /loopback/u, /loopback/u],
  ["all addresses", "0.0.0.0", 80, /loopback/u, /loopback/u],
  ["loopback in IPv6", "::ffff:127.0.0.1", 80, /loopback/u, /loopback/u],
  ["cloud metadata", "169.254.169.254", 80, /link-local.*credentials/u, /link-local/u],
  ["cloud metadata in IPv6", "::ffff:169.254.169.254", 80, /link-local/u, /link-local/u],
  ["cloud metadata by 6to4", "2002:a9fe:a9fe::1", 80, /link-local/u, /link-local/u],
  ["link-local with a zone", "fe80::1%eth0", 80, /link-local/u, /link-local/u],
  ["multicast", "224.0.0.1", 80, /no one host's address/u, /no one host's/u],
  ["an own port", "10.0.0.1", 8443, /port 8443 of this host/u, /private/u],
  ["an own port by a mapped address", "::ffff:10.0.0.1", 8443, /port 8443 of this host/u, /private/u],
  ["an own port by NAT64", "64:ff9b::a00:1", 8443, /port 8443 of this host/u, /private/u],
  ["an own port by 6to4", "2002:a00:1::", 8443, /port 8443 of this host/u, /private/u],
  ["an own port by another spelling", "fd00:0:0::7", 8443, /port 8443 of this host/u, /private/u],
  ["metadata of Amazon by IPv6", "fd00:ec2::254", 80, /metadata.*credentials/u, /metadata/u],
  ["metadata of Google by IPv6", "fd20:ce::254", 80, /metadata/u, /metadata/u],
  ["metadata of Alibaba", "100.100.100.200", 80, /metadata/u, /metadata/u],
  ["metadata of Azure", "168.63.129.16", 80, /metadata/u, /metadata/u],
  ["metadata by NAT64", "64:ff9b::6464:64c8", 80, /metadata/u, /metadata/u],
  ["a local translation", "64:ff9b:1::a9fe:a9fe", 80, /no one host's/u, /no one host's/u],
  ["another port of this host", "10.0.0.1", 80, undefined, /private/u],
  ["the same port of another host", "10.0.0.2", 8443, undefined, /private/u],
])("%s", (_what, address, port, expected, strictly) => {
  const check = (reason: string | undefined, pattern: RegExp | undefined): void =>
    pattern === undefined ? expect(reason).toBeUndefined() : expect(reason).toMatch(pattern);
  check(guard(address, port), expected);
  check(strict(address, port), strictly);
});

test("loopback is allowed by its rule, but for the control plane's own ports and for link-local addresses", () => {
  expect(loopback("127.0.0.1", 9000)).toBeUndefined();
  expect(loopback("127.0.0.1", 8443)).toMatch(/port 8443/u);
  expect(loopback("127.1.2.3", 8443)).toMatch(/port 8443/u);
  expect(loopback("::ffff:127.0.0.1", 8443)).toMatch(/port 8443/u);
  expect(loopback("169.254.169.254", 80)).toMatch(/link-local/u);
});

const resolved = (name: string, all: boolean): Promise<unknown> =>
  new Promise((resolve) => {
    const lookup = guardedLookup(guard, 80, (reason) => new Error(`refused: ${reason}`));
    lookup(name, { all }, (error, address) => resolve(error ?? address));
  });

test("a name that resolves to a forbidden address is refused when it is resolved", async () => {
  for (const all of [true, false]) {
    expect(String(await resolved("localhost", all))).toMatch(/refused: the loopback address/u);
  }
});

test("a URL's address in any spelling is checked", () => {
  for (const url of [
    "http://127.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://[::1]/",
    "http://0177.0.0.1/",
  ]) {
    expect(guardedUrl(guard, new URL(url))).toMatch(/loopback/u);
  }
  expect(guardedUrl(guard, new URL("http://example.org/"))).toBeUndefined();
  expect(portOfUrl(new URL("https://example.org/"))).toBe(443);
  expect(portOfUrl(new URL("http://example.org/"))).toBe(80);
  expect(portOfUrl(new URL("http://example.org:81/"))).toBe(81);
});
