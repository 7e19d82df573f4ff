import { isIP } from "node:net";
import { z } from "zod";
import { issueWords, problemWords } from "../../lib/format/issue-words.ts";
import { yamlDocument } from "../../lib/yaml-document.ts";
import { macParse } from "../../lib/net/mac.ts";
import {
  bondModes,
  configuredInterfaces,
  type InterfaceSettings,
  type NetworkConfig,
  networkConfigLimit,
} from "./network-config.ts";

/** Maximum number of interfaces, and of entries in each list. */
const listLimit = 64;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/u;
const nameWords = 'expected a name of at most 15 letters, digits, "_", "." and "-"';
const nameField = z.string().regex(namePattern, nameWords);
const addressField = z.string().refine((text) => isIP(text) !== 0 && !text.includes("%"), "expected an IP address");
const networkField = z
  .string()
  .refine(isNetwork, "expected an address with its prefix, such as 192.0.2.7/24 or 2001:db8::7/64");
const list = <T extends z.ZodType>(entry: T) => z.array(entry).max(listLimit).default([]);
const mtuField = z.int().min(576).max(9216).optional();

const routeField = z
  .strictObject({
    to: z
      .string()
      .refine((text) => text === "default" || isNetwork(text), 'expected a network such as 10.0.0.0/8, or "default"'),
    via: addressField.optional(),
    metric: z.int().min(0).max(4_294_967_295).optional(),
    "on-link": z.boolean().default(false),
    scope: z.literal("link").optional(),
  })
  .refine(({ to, via }) => to === "default" || via === undefined || isIP(via) === isIP(to.split("/")[0] ?? ""), {
    path: ["via"],
    error: "expected an address of the same family as the network's",
  });

const settings = {
  addresses: list(networkField),
  dhcp4: z.boolean().default(false),
  // Only read, so that configurations which say it are accepted: the agent uses no DHCPv6.
  dhcp6: z.literal(false, { error: "expected false: the agent uses no DHCPv6" }).optional(),
  gateway4: z.ipv4({ error: "expected an IPv4 address" }).optional(),
  gateway6: z.ipv6({ error: "expected an IPv6 address" }).optional(),
  routes: list(routeField),
  nameservers: z
    .strictObject({ addresses: list(addressField), search: list(z.hostname({ error: "expected a domain" })) })
    .default({
      addresses: [],
      search: [],
    }),
  mtu: mtuField,
  optional: z.boolean().optional(),
};

const macField = z.string().transform((text, context) => {
  const mac = macParse(text);
  if (mac === undefined) {
    context.addIssue({ code: "custom", message: "expected a MAC such as 52:54:00:12:34:56" });
    return z.NEVER;
  }
  return mac;
});

const ethernetField = z.strictObject({
  ...settings,
  match: z.strictObject({ macaddress: macField }, { error: matchMissing }),
  "set-name": nameField.optional(),
});
const bondField = z.strictObject({
  ...settings,
  interfaces: z.array(nameField).min(1).max(listLimit),
  parameters: z
    .strictObject({
      mode: z.enum(bondModes).default("balance-rr"),
      "mii-monitor-interval": z.int().min(0).max(60_000).default(100),
      "lacp-rate": z.enum(["slow", "fast"]).optional(),
      "transmit-hash-policy": z.enum(["layer2", "layer2+3", "layer3+4"]).optional(),
    })
    .prefault({}),
});
const vlanField = z.strictObject({ ...settings, id: z.int().min(1).max(4094), link: nameField });

const versionTwo = z.strictObject({
  version: z.literal(2, { error: "expected 2: this is netplan's configuration, version 2" }),
  renderer: z.enum(["networkd", "NetworkManager"]).optional(),
  ethernets: z.record(z.string(), ethernetField).default({}),
  bonds: z.record(z.string(), bondField).default({}),
  vlans: z.record(z.string(), vlanField).default({}),
});

function matchMissing(): string {
  return "is missing: expected a mapping with macaddress, because each kernel has its own names of interfaces";
}

/** Whether a text is an IP address with its prefix, such as 192.0.2.7/24. Pure. */
export function isNetwork(text: string): boolean {
  const [address = "", prefix = "", ...more] = text.split("/");
  const family = isIP(address);
  return (
    family !== 0 &&
    !address.includes("%") &&
    more.length === 0 &&
    /^\d{1,3}$/u.test(prefix) &&
    Number(prefix) <= (family === 4 ? 32 : 128)
  );
}

/**
 * Reads a network configuration in YAML or JSON: a part of netplan's version 2, with or without the key `network` around
 * it. For anything else: everything that is wrong with it, each with its path. Pure.
 */
export function networkConfigParse(text: string): NetworkConfig | { problem: string } {
  if (Buffer.byteLength(text) > networkConfigLimit) {
    return { problem: `it has ${Buffer.byteLength(text)} bytes: expected at most ${networkConfigLimit}` };
  }
  const yaml = yamlRead(text);
  if ("problem" in yaml) {
    return yaml;
  }
  const { value } = yaml;
  const inner =
    typeof value === "object" && value !== null && "network" in value && Object.keys(value).length === 1
      ? value.network
      : value;
  const read = versionTwo.safeParse(inner, { error: issueWords });
  if (!read.success) {
    return { problem: problemWords(read.error) };
  }
  const { renderer, ethernets, bonds, vlans } = read.data;
  const config: NetworkConfig = {
    renderer,
    ethernets: Object.entries(ethernets).map(([name, one]) => ({
      ...settingsOf(name, one),
      mac: one.match.macaddress,
      setName: one["set-name"],
    })),
    bonds: Object.entries(bonds).map(([name, one]) => ({
      ...settingsOf(name, one),
      members: one.interfaces,
      mode: one.parameters.mode,
      monitorInterval: one.parameters["mii-monitor-interval"],
      lacpRate: one.parameters["lacp-rate"],
      transmitHashPolicy: one.parameters["transmit-hash-policy"],
    })),
    vlans: Object.entries(vlans).map(([name, one]) => ({ ...settingsOf(name, one), id: one.id, link: one.link })),
  };
  const problem = networkProblem(config);
  return problem === undefined ? config : { problem };
}

function settingsOf(name: string, one: z.infer<z.ZodObject<typeof settings>>): InterfaceSettings {
  const gateways = [one.gateway4, one.gateway6].filter((via) => via !== undefined);
  return {
    name,
    addresses: one.addresses,
    dhcp4: one.dhcp4,
    routes: [
      ...gateways.map((via) => ({ to: "default", via, onLink: false })),
      ...one.routes.map(({ to, via, metric, "on-link": onLink }) => ({
        to: to === "0.0.0.0/0" || to === "::/0" ? "default" : to,
        via,
        metric,
        onLink,
      })),
    ],
    dns: one.nameservers.addresses,
    search: one.nameservers.search,
    mtu: one.mtu,
    optional: one.optional,
  };
}

function yamlRead(text: string): { value: unknown } | { problem: string } {
  const read = yamlDocument(text.replace(/^\uFEFF/u, ""));
  const tooDeep = { problem: "it is YAML that is nested too deeply" };
  if (read === undefined) {
    return tooDeep;
  }
  const { document } = read;
  const [broken] = document.errors;
  if (broken !== undefined) {
    return { problem: `it is not YAML: ${broken.message.split("\n")[0]?.replace(/:$/u, "") ?? ""}` };
  }
  try {
    return { value: document.toJS({ maxAliasCount: 16 }) };
  } catch (error) {
    // The parser goes deeper than its document's reader.
    if (error instanceof RangeError) {
      return tooDeep;
    }
    if (error instanceof ReferenceError) {
      return { problem: "it refers to its own parts too often, or to a part that is not there: write them out" };
    }
    throw error;
  }
}

/** What is wrong between the parts of a configuration. */
function networkProblem(config: NetworkConfig): string | undefined {
  const all = configuredInterfaces(config);
  const names = all.map(({ name }) => name);
  if (all.length === 0) {
    return "it has no interface: expected at least one of ethernets, with its addresses";
  }
  if (all.length > listLimit) {
    return `it has ${all.length} interfaces: expected at most ${listLimit}`;
  }
  const unnamed = names.find((name) => !namePattern.test(name));
  if (unnamed !== undefined) {
    return `the interface ${JSON.stringify(unnamed)}: ${nameWords}`;
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    return `${twice} is there twice: each interface has its own name`;
  }
  const macs = config.ethernets.map(({ mac }) => mac);
  const sameMac = macs.find((mac, index) => macs.indexOf(mac) !== index);
  if (sameMac !== undefined) {
    return `two of ethernets have the MAC ${sameMac}: each has its own`;
  }
  const cards = config.ethernets.map(({ name }) => name);
  const bonds = config.bonds.map(({ name }) => name);
  const members = config.bonds.flatMap((bond) => bond.members);
  const unknown = members.find((name) => !cards.includes(name));
  if (unknown !== undefined) {
    return `bonds: ${unknown} is not one of ethernets`;
  }
  const shared = members.find((name, index) => members.indexOf(name) !== index);
  if (shared !== undefined) {
    return `bonds: ${shared} is a member twice`;
  }
  const addressed = all.find(
    ({ name, addresses, dhcp4, routes }) => members.includes(name) && (addresses.length + routes.length > 0 || dhcp4),
  );
  if (addressed !== undefined) {
    return `ethernets.${addressed.name} is a member of a bond: give its addresses and routes to the bond`;
  }
  const stray = config.vlans.find(({ link }) => !cards.includes(link) && !bonds.includes(link));
  if (stray !== undefined) {
    return `vlans.${stray.name}.link is ${stray.link}: expected one of ethernets or bonds`;
  }
  const routeless = all.find(({ routes }) => routes.some(({ to, via }) => to === "default" && via === undefined));
  if (routeless !== undefined) {
    return `a default route of ${routeless.name} has no gateway: say via`;
  }
  return all.some(({ addresses, dhcp4 }) => addresses.length > 0 || dhcp4)
    ? undefined
    : "no interface has an address: expected addresses, or dhcp4: true, for at least one";
}
