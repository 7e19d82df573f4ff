import { z } from "zod";
import { isIP } from "node:net";
import {
  type BondConfig,
  bondModes,
  type EthernetConfig,
  type InterfaceSettings,
  type NetworkConfig,
  type NetworkRoute,
  type VlanConfig,
} from "../../contract/network/network-config.ts";
import { networkConfigParse } from "../../contract/network/network-parse.ts";
import { networkYaml } from "../../contract/network/network-yaml.ts";
import { macParse } from "../../lib/net/mac.ts";
import type { HostProbe } from "./probe-read.ts";

// What is read of iproute2's JSON; everything else in it is left alone.
const linkSchema = z.array(
  z.object({
    ifname: z.string(),
    link_type: z.string().optional(),
    address: z.string().optional(),
    /** A bond's member shows the bond's MAC here, and its own there. */
    permaddr: z.string().optional(),
    mtu: z.int().optional(),
    master: z.string().optional(),
    /** What a VLAN stands on. */
    link: z.string().optional(),
    linkinfo: z
      .object({
        info_kind: z.string().optional(),
        info_data: z.record(z.string(), z.unknown()).optional(),
        info_slave_data: z.object({ perm_hwaddr: z.string().optional() }).optional(),
      })
      .optional(),
    addr_info: z
      .array(
        z.object({
          family: z.string().optional(),
          local: z.string().optional(),
          prefixlen: z.int().optional(),
          scope: z.string().optional(),
          dynamic: z.boolean().optional(),
          temporary: z.boolean().optional(),
        }),
      )
      .default([]),
  }),
);
const routeSchema = z.array(
  z.object({
    type: z.string().optional(),
    dst: z.string(),
    gateway: z.string().optional(),
    dev: z.string().optional(),
    protocol: z.string().optional(),
    scope: z.string().optional(),
    metric: z.int().optional(),
    flags: z.array(z.string()).default([]),
  }),
);
type Link = z.infer<typeof linkSchema>[number];
type Route = z.infer<typeof routeSchema>[number];

const usualMtu = 1500;
const bondMonitor = 100;
/** As many as resolv.conf(5) says that a resolver uses. */
const nameServersMost = 3;
const domainsMost = 6;

/**
 * A host's own network configuration, for an agent that takes its place: static addresses, routes, name servers, VLANs and bonds.
 * An address from DHCP is requested from DHCP again. A bridge's addresses go to the interface in it. Undefined if the host has no interface
 * that can be described so. Pure.
 */
export function hostNetwork(
  probe: Pick<HostProbe, "addresses" | "routes" | "routes6" | "resolver">,
): NetworkConfig | undefined {
  const links = jsonOf(linkSchema, probe.addresses);
  const routes = [...(jsonOf(routeSchema, probe.routes) ?? []), ...(jsonOf(routeSchema, probe.routes6) ?? [])];
  if (links === undefined) {
    return undefined;
  }
  const cards = links.filter(isCard);
  const bonds = links.filter((link) => kindOf(link) === "bond");
  const vlans = links.filter((link) => kindOf(link) === "vlan");
  const described = [...cards, ...bonds, ...vlans];
  const own = setOn({ links, routes, described: new Set(described.map(({ ifname }) => ifname)) });
  const dns = nameServers(probe.resolver);
  // Made once for each: a host may name a thousand.
  const all = new Map(described.map((link) => [link.ifname, settingsOf(link, own.get(link.ifname), dns)]));
  const settings = (link: Link): InterfaceSettings => all.get(link.ifname) ?? settingsOf(link, undefined, dns);
  const used = (one: InterfaceSettings): boolean => one.addresses.length > 0 || one.dhcp4;

  const madeVlans = vlans.flatMap((link): VlanConfig[] => {
    const id = link.linkinfo?.info_data?.["id"];
    const on = link.link;
    return typeof id === "number" && on !== undefined && all.has(on) && used(settings(link))
      ? [{ ...settings(link), id, link: on }]
      : [];
  });
  const madeBonds = bonds.flatMap((link): BondConfig[] => {
    const mode = bondModes.find((name) => name === link.linkinfo?.info_data?.["mode"]);
    const members = cards.filter(({ master }) => master === link.ifname).map(({ ifname }) => ifname);
    const needed = used(settings(link)) || madeVlans.some((vlan) => vlan.link === link.ifname);
    const lacpRate = link.linkinfo?.info_data?.["ad_lacp_rate"];
    const policy = link.linkinfo?.info_data?.["xmit_hash_policy"];
    return mode === undefined || members.length === 0 || !needed
      ? []
      : [
          {
            ...settings(link),
            ...{ members, mode, monitorInterval: bondMonitor },
            lacpRate: lacpRate === "slow" || lacpRate === "fast" ? lacpRate : undefined,
            transmitHashPolicy:
              policy === "layer2" || policy === "layer2+3" || policy === "layer3+4" ? policy : undefined,
          },
        ];
  });
  const members = new Set(madeBonds.flatMap((bond) => bond.members));
  const stoodOn = new Set(madeVlans.map(({ link }) => link));
  const madeCards = cards.flatMap((link): EthernetConfig[] => {
    const mac = cardMac(link);
    const set = settings(link);
    if (mac === undefined || !(members.has(link.ifname) || stoodOn.has(link.ifname) || used(set))) {
      return [];
    }
    return [{ ...set, mac, ...(members.has(link.ifname) ? { addresses: [], routes: [], dhcp4: false } : {}) }];
  });
  const made = { ethernets: madeCards, bonds: madeBonds, vlans: madeVlans };
  // Checked as an operator's configuration is: names and addresses are the host's, and go into a shell's words.
  const checked = networkConfigParse(networkYaml(made));
  return "problem" in checked ? undefined : checked;
}

function jsonOf<T extends z.ZodType>(schema: T, text: string): z.infer<T> | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // An `ip` that prints no JSON, or output that was cut off.
    return undefined;
  }
}

function kindOf(link: Link): string | undefined {
  return link.linkinfo?.info_kind;
}

/** Stands on a device: everything virtual says its kind. */
function isCard(link: Link): boolean {
  return link.link_type === "ether" && kindOf(link) === undefined && cardMac(link) !== undefined;
}

function cardMac({ address, permaddr, linkinfo }: Link): string | undefined {
  return macParse(linkinfo?.info_slave_data?.perm_hwaddr ?? permaddr ?? address ?? "");
}

/** What is set on an interface, and on a bridge that it is the first described port of. */
interface OwnSettings {
  addresses: Link["addr_info"];
  routes: Route[];
}

function setOn({
  links,
  routes,
  described,
}: {
  links: readonly Link[];
  routes: readonly Route[];
  described: ReadonlySet<string>;
}): ReadonlyMap<string, OwnSettings> {
  const ports = new Map<string, string>();
  for (const { ifname, master } of links) {
    if (master !== undefined && described.has(ifname) && !ports.has(master)) {
      ports.set(master, ifname);
    }
  }
  const own = new Map([...described].map((name): [string, OwnSettings] => [name, { addresses: [], routes: [] }]));
  const bridges = new Set(links.filter((link) => kindOf(link) === "bridge").map(({ ifname }) => ifname));
  const place = (name: string): OwnSettings | undefined => own.get((bridges.has(name) ? ports.get(name) : name) ?? "");
  for (const { ifname, addr_info: addresses } of links) {
    place(ifname)?.addresses.push(...addresses);
  }
  for (const route of routes) {
    place(route.dev ?? "")?.routes.push(route);
  }
  return own;
}

function settingsOf(link: Link, own: OwnSettings = { addresses: [], routes: [] }, dns: Dns): InterfaceSettings {
  const infos = own.addresses.filter(
    ({ local, prefixlen, scope }) => scope === "global" && local !== undefined && prefixlen !== undefined,
  );
  // An IPv6 address that a router's announcements gave comes by itself again.
  const fixed = infos.filter(({ dynamic, temporary }) => dynamic !== true && temporary !== true);
  const dhcp4 = infos.some(({ family, dynamic }) => family === "inet" && dynamic === true);
  const addresses = fixed.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  return {
    name: link.ifname,
    addresses,
    dhcp4,
    routes: addresses.length === 0 ? [] : own.routes.flatMap((route) => routeOf(route)),
    ...(addresses.length + Number(dhcp4) > 0 ? dns : { dns: [], search: [] }),
    mtu: link.mtu === usualMtu ? undefined : link.mtu,
  };
}

/** The kernel makes its own routes by itself, and so do DHCP and router announcements. */
function routeOf({ type, dst, gateway, protocol, scope, metric, flags }: Route): NetworkRoute[] {
  const madeByItself = protocol === "kernel" || protocol === "ra" || protocol === "dhcp";
  const usual = type === undefined || type === "unicast";
  const whole = dst === "default" || dst.includes("/");
  const to = whole ? dst : `${dst}/${isIP(dst) === 6 ? 128 : 32}`;
  return madeByItself || !usual || (gateway === undefined && (dst === "default" || scope !== "link"))
    ? []
    : [{ to, via: gateway, metric, onLink: flags.includes("onlink") }];
}

interface Dns {
  dns: string[];
  search: string[];
}

/** A stub on the host itself is left out: it does not come along. */
function nameServers(resolver: string): Dns {
  const words = resolver.split("\n").map((line) => line.trim().split(/\s+/u));
  const of = (key: string): string[] => words.flatMap(([first, ...rest]) => (first === key ? rest : []));
  const dns = of("nameserver").filter(
    (address) => isIP(address) !== 0 && !address.startsWith("127.") && address !== "::1" && !address.includes("%"),
  );
  const search = of("search").filter((domain) => /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/u.test(domain));
  return { dns: [...new Set(dns)].slice(0, nameServersMost), search: [...new Set(search)].slice(0, domainsMost) };
}
