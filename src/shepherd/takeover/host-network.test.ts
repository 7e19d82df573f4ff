import { expect, test } from "vitest";
import { networkLines } from "../../contract/network/network-lines.ts";
import { hostNetwork } from "./host-network.ts";

// As iproute2 6.1 prints it, shortened to what is read and a little more.
const lo = {
  ifname: "lo",
  link_type: "loopback",
  address: "00:00:00:00:00:00",
  mtu: 65536,
  addr_info: [{ family: "inet", local: "127.0.0.1", prefixlen: 8, scope: "host" }],
};
const inet = (local: string, prefixlen: number, more: object = {}) => ({
  family: "inet",
  local,
  prefixlen,
  scope: "global",
  ...more,
});
const card = (ifname: string, address: string, addresses: object[] = [], more: object = {}) => ({
  ...{ ifname, link_type: "ether", address, mtu: 1500, operstate: "UP", addr_info: addresses },
  ...more,
});
const linesOf = (
  addresses: object[],
  routes: object[] = [],
  resolver = "",
  routes6: object[] = [],
): string | undefined => {
  const config = hostNetwork({
    addresses: JSON.stringify(addresses),
    routes: JSON.stringify(routes),
    routes6: JSON.stringify(routes6),
    resolver,
  });
  return config === undefined ? undefined : networkLines(config);
};

test("a static address with its gateway, IPv6 and name servers; the host's own stub is left out", () => {
  expect(
    linesOf(
      [
        lo,
        card("enp1s0", "52:54:00:12:34:56", [
          inet("192.0.2.7", 24),
          { family: "inet6", local: "2001:db8::7", prefixlen: 64, scope: "global" },
          { family: "inet6", local: "fe80::1", prefixlen: 64, scope: "link" },
          { family: "inet6", local: "2001:db8::abcd", prefixlen: 64, scope: "global", dynamic: true },
        ]),
      ],
      [
        { dst: "default", gateway: "192.0.2.1", dev: "enp1s0", protocol: "static", metric: 100, flags: ["onlink"] },
        { dst: "192.0.2.0/24", dev: "enp1s0", protocol: "kernel", scope: "link", flags: [] },
        { dst: "172.31.1.1", dev: "enp1s0", protocol: "static", scope: "link", flags: [] },
        { dst: "10.9.0.0/16", dev: "tun0", scope: "link", flags: [] },
        { type: "blackhole", dst: "10.8.0.0/16", flags: [] },
      ],
      "nameserver 127.0.0.53\nnameserver 192.0.2.53\nsearch example.org\noptions edns0\n",
      [{ dst: "default", gateway: "fe80::ff", dev: "enp1s0", protocol: "static", flags: [] }],
    ),
  ).toBe(`ethernet enp1s0 52:54:00:12:34:56
up enp1s0
address enp1s0 192.0.2.7/24
address enp1s0 2001:db8::7/64
route enp1s0 4 172.31.1.1/32 - - -
route enp1s0 4 default 192.0.2.1 100 onlink
route enp1s0 6 default fe80::ff - -
dns 192.0.2.53
search example.org
`);
});

test("an address from DHCP is requested again, with no route of its own", () => {
  expect(
    linesOf(
      [lo, card("ens3", "52:54:00:12:34:56", [inet("10.0.2.15", 24, { dynamic: true })])],
      [{ dst: "default", gateway: "10.0.2.2", dev: "ens3", protocol: "dhcp", flags: [] }],
    ),
  ).toBe("ethernet ens3 52:54:00:12:34:56\nup ens3\ndhcp ens3\n");
});

test("a bond with a VLAN on it, found by the members' own MACs", () => {
  expect(
    linesOf([
      card("eno1", "52:54:00:00:00:01", [], {
        master: "bond0",
        linkinfo: { info_slave_kind: "bond", info_slave_data: { perm_hwaddr: "52:54:00:00:00:01" } },
      }),
      card("eno2", "52:54:00:00:00:01", [], {
        master: "bond0",
        linkinfo: { info_slave_kind: "bond", info_slave_data: { perm_hwaddr: "52:54:00:00:00:02" } },
      }),
      card("bond0", "52:54:00:00:00:01", [], {
        linkinfo: {
          info_kind: "bond",
          info_data: { mode: "802.3ad", ad_lacp_rate: "fast", xmit_hash_policy: "layer3+4" },
        },
      }),
      card("bond0.7", "52:54:00:00:00:01", [inet("192.0.2.7", 24)], {
        link: "bond0",
        linkinfo: { info_kind: "vlan", info_data: { protocol: "802.1Q", id: 7 } },
      }),
    ]),
  ).toBe(`ethernet eno1 52:54:00:00:00:01
ethernet eno2 52:54:00:00:00:02
bond bond0 802.3ad 100 fast layer3+4
member bond0 eno1
member bond0 eno2
vlan bond0.7 7 bond0
up eno1
up eno2
up bond0
up bond0.7
address bond0.7 192.0.2.7/24
`);
});

test("twenty VLANs with the same name servers all come along", () => {
  const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
  const lines = linesOf(
    [
      card("eno1", "52:54:00:00:00:01"),
      ...numbers.map((id) =>
        card(`eno1.${id}`, "52:54:00:00:00:01", [inet(`10.0.${id}.7`, 24)], {
          link: "eno1",
          linkinfo: { info_kind: "vlan", info_data: { id } },
        }),
      ),
    ],
    [],
    "nameserver 192.0.2.53\nnameserver 192.0.2.54\nnameserver 192.0.2.55\nnameserver 192.0.2.56\n",
  );
  expect(lines?.match(/^address /gmu)).toHaveLength(20);
  // A resolver uses three.
  expect(lines?.match(/^dns .*$/gmu)).toEqual(["dns 192.0.2.53", "dns 192.0.2.54", "dns 192.0.2.55"]);
});

test("a host that names a thousand bridges and cards gives no configuration", () => {
  const numbers = Array.from({ length: 500 }, (_, index) => index);
  const mac = (index: number): string =>
    `52:54:00:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`;
  const routes = numbers.flatMap((index) =>
    Array.from({ length: 8 }, () => ({ dst: "10.0.0.0/8", dev: `b${index}`, scope: "link", flags: [] })),
  );
  expect(
    linesOf(
      numbers.flatMap((index) => [
        card(`c${index}`, mac(index), [inet("192.0.2.7", 24)], { master: `b${index}` }),
        card(`b${index}`, mac(index), [], { linkinfo: { info_kind: "bridge" } }),
      ]),
      routes,
    ),
  ).toBeUndefined();
});

test("a bridge's addresses go to the card in it; containers' interfaces stay behind", () => {
  expect(
    linesOf(
      [
        card("eno1", "52:54:00:00:00:01", [], { master: "vmbr0" }),
        card("vmbr0", "52:54:00:00:00:01", [inet("192.0.2.7", 24)], {
          linkinfo: { info_kind: "bridge", info_data: {} },
        }),
        card("docker0", "02:42:00:00:00:01", [inet("172.17.0.1", 16)], {
          linkinfo: { info_kind: "bridge", info_data: {} },
        }),
        card("veth1", "02:42:00:00:00:02", [], { master: "docker0", linkinfo: { info_kind: "veth" } }),
        card("tap0", "02:42:00:00:00:03", [inet("10.8.0.1", 24)], { linkinfo: { info_kind: "tun" } }),
      ],
      [{ dst: "default", gateway: "192.0.2.1", dev: "vmbr0", protocol: "static", flags: ["onlink"] }],
    ),
  ).toBe(`ethernet eno1 52:54:00:00:00:01
up eno1
address eno1 192.0.2.7/24
route eno1 4 default 192.0.2.1 - onlink
`);
});

test.each([
  ["an ip that prints no JSON", "1: lo: <LOOPBACK>", "[]"],
  ["an answer that was cut off", '[{"ifname":"e', "[]"],
  ["no address at all", JSON.stringify([lo, card("eno1", "52:54:00:00:00:01")]), "[]"],
  ["a name for a shell", JSON.stringify([card("$(reboot)", "52:54:00:00:00:01", [inet("192.0.2.7", 24)])]), "[]"],
  ["an address that is none", JSON.stringify([card("eno1", "52:54:00:00:00:01", [inet("1.2.3.4;reboot", 24)])]), "[]"],
  [
    "a gateway that is none",
    JSON.stringify([card("eno1", "52:54:00:00:00:01", [inet("192.0.2.7", 24)])]),
    JSON.stringify([{ dst: "default", gateway: "$(reboot)", dev: "eno1", flags: [] }]),
  ],
])("%s gives no configuration: DHCP is left", (_what, addresses, routes) => {
  expect(hostNetwork({ addresses, routes, routes6: "[]", resolver: "" })).toBeUndefined();
});
