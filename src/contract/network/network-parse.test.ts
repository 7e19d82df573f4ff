import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { networkConfigParse } from "./network-parse.ts";
import { networkLines } from "./network-lines.ts";
import { networkYaml } from "./network-yaml.ts";

const parsed = (text: string) => {
  const config = networkConfigParse(text);
  if ("problem" in config) {
    throw new Error(config.problem);
  }
  return config;
};

const full = `
network:
  version: 2
  renderer: networkd
  ethernets:
    eno1:
      match: { macaddress: "52:54:00:AA:BB:01" }
      set-name: lan0
      mtu: 9000
    eno2:
      match: { macaddress: 52-54-00-aa-bb-02 }
    eno3:
      match: { macaddress: "52:54:00:aa:bb:03" }
      dhcp4: true
      optional: true
  bonds:
    bond0:
      interfaces: [eno1, eno2]
      parameters: { mode: 802.3ad, lacp-rate: fast, transmit-hash-policy: layer3+4 }
      addresses: [192.0.2.7/24, "2001:db8::7/64"]
      gateway4: 192.0.2.1
      routes:
        - { to: 10.0.0.0/8, via: 192.0.2.2, metric: 50 }
        - { to: "::/0", via: "fe80::1", on-link: true }
        - { to: 192.0.3.1/32, scope: link }
      nameservers: { addresses: [192.0.2.53, "2001:db8::53"], search: [example.org] }
  vlans:
    storage:
      id: 42
      link: bond0
      addresses: [10.42.0.7/16]
`;

const lines = `ethernet eno1 52:54:00:aa:bb:01
ethernet eno2 52:54:00:aa:bb:02
ethernet eno3 52:54:00:aa:bb:03
bond bond0 802.3ad 100 fast layer3+4
member bond0 eno1
member bond0 eno2
vlan storage 42 bond0
mtu eno1 9000
up eno1
up eno2
up eno3
dhcp eno3
up bond0
address bond0 192.0.2.7/24
address bond0 2001:db8::7/64
route bond0 4 192.0.3.1/32 - - -
route bond0 4 default 192.0.2.1 - -
route bond0 4 10.0.0.0/8 192.0.2.2 50 -
route bond0 6 default fe80::1 - onlink
up storage
address storage 10.42.0.7/16
dns 192.0.2.53
dns 2001:db8::53
search example.org
`;

test("cards, a bond and a VLAN become lines for the boot image, in the order in which they are set", () => {
  expect(networkLines(parsed(full))).toBe(lines);
});

test("a configuration survives being written as YAML; JSON and the inner mapping are read too", () => {
  const config = parsed(full);
  const again = parsed(networkYaml(config));
  expect(again).toEqual(config);
  expect(networkLines(again)).toBe(lines);
  expect(networkYaml(parsed(networkYaml(config)))).not.toMatch(/[&*]a\d/u);
  expect(again.renderer).toBe("networkd");
  expect(again.ethernets.map(({ setName, optional }) => [setName, optional])).toEqual([
    ["lan0", undefined],
    [undefined, undefined],
    [undefined, true],
  ]);
  expect(
    parsed('{"version":2,"ethernets":{"a":{"match":{"macaddress":"52:54:00:aa:bb:01"},"dhcp4":true}}}').ethernets,
  ).toHaveLength(1);
});

test("cloud-init, which reads YAML 1.1, reads a MAC of decimal digits and a name such as no as text", () => {
  const text =
    'version: 2\nethernets: { "no": { match: { macaddress: "52:54:00:12:34:56" }, addresses: [192.0.2.7/24] } }';
  expect(parse(networkYaml(parsed(text)), { version: "1.1" })).toEqual({
    version: 2,
    ethernets: { no: { match: { macaddress: "52:54:00:12:34:56" }, addresses: ["192.0.2.7/24"] } },
  });
});

describe("what is wrong is named, with its path", () => {
  const card = (more: string): string =>
    `version: 2\nethernets:\n  eno1:\n    match: { macaddress: "52:54:00:aa:bb:01" }\n    ${more}\n`;
  test.each<[string, RegExp]>([
    ["", /expected an object/u],
    ["[", /not YAML/u],
    ["version: 1", /version: expected 2/u],
    ["version: 2", /no interface/u],
    [
      "version: 2\nethernets: {eno1: {dhcp4: true}}",
      /ethernets\.eno1\.match: is missing: expected a mapping with macaddress/u,
    ],
    [card("addresses: [10.0.0.5]"), /ethernets\.eno1\.addresses\.0: expected an address with its prefix/u],
    [card("addresses: [10.0.0.5/33]"), /addresses\.0: expected an address with its prefix/u],
    [card("adresses: [10.0.0.5/8]"), /fields that are not known: adresses/u],
    [card("dhcp6: true"), /dhcp6: expected false/u],
    [card("addresses: []"), /no interface has an address/u],
    [card('addresses: ["10.0.0.5/8"]\n    gateway4: "2001:db8::1"'), /gateway4: expected an IPv4 address/u],
    [card('addresses: ["10.0.0.5/8"]\n    routes: [{to: default}]'), /default route of eno1 has no gateway/u],
    [
      card('addresses: ["10.0.0.5/8"]\n    routes: [{to: nowhere, via: 10.0.0.1}]'),
      /routes\.0\.to: expected a network/u,
    ],
    [card("dhcp4: true\n    mtu: 20"), /mtu: expected at least 576/u],
    [card("dhcp4: true\nwifis: {}"), /not known: wifis/u],
    [card("dhcp4: true\nvlans: {v: {id: 1, link: eno9, dhcp4: true}}"), /vlans\.v\.link is eno9/u],
    [card("dhcp4: true\nvlans: {v: {id: 4095, link: eno1}}"), /vlans\.v\.id: expected at most 4094/u],
    [card("dhcp4: true\nbonds: {b: {interfaces: [eno1]}}"), /eno1 is a member of a bond/u],
    [card("dhcp4: true\nbonds: {b: {interfaces: [eno9]}}"), /bonds: eno9 is not one of ethernets/u],
    [card('dhcp4: true\n  "$(reboot)": {match: {macaddress: "52:54:00:aa:bb:02"}}'), /expected a name/u],
    [card('dhcp4: true\n  eno2: {match: {macaddress: "52:54:00:AA:BB:01"}}'), /two of ethernets have the MAC/u],
    [card("nameservers: {addresses: [one]}"), /nameservers\.addresses\.0: expected an IP address/u],
    [card('nameservers: {search: ["a b"]}'), /search\.0: expected a domain/u],
    [
      card('addresses: ["10.0.0.5/8"]\n    routes: [{to: 10.9.0.0/16, via: "2001:db8::1"}]'),
      /routes\.0\.via: expected an address of the same family/u,
    ],
    [
      card('addresses: ["2001:db8::5/64"]\n    routes: [{to: "::/0", via: 10.0.0.1}]'),
      /routes\.0\.via: expected an address of the same family/u,
    ],
    [`version: 2\na: &a [1]\nb: [${"*a,".repeat(200)}]`, /too often|not known/u],
    ["version: *there", /a part that is not there/u],
    ["[".repeat(16_000), /nested too deeply/u],
    [`a: ${"{a: ".repeat(4_000)}`, /nested too deeply/u],
    ["- ".repeat(8_000), /nested too deeply/u],
    ["x".repeat(70_000), /70000 bytes: expected at most 16384/u],
  ])("%j", (text, problem) => {
    expect(networkConfigParse(text)).toHaveProperty("problem", expect.stringMatching(problem));
  });
});
