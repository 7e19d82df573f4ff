import { isIPv6 } from "node:net";
import { type NetworkConfig, configuredInterfaces } from "./network-config.ts";

/**
 * A network configuration for the boot image's network.sh: one thing a line, in the order in which it is set. No word
 * contains a blank or a character of the shell. Pure.
 */
export function networkLines(config: NetworkConfig): string {
  const lines: (string | number)[][] = [];
  for (const { name, mac } of config.ethernets) {
    lines.push(["ethernet", name, mac]);
  }
  for (const { name, mode, monitorInterval, lacpRate, transmitHashPolicy, members } of config.bonds) {
    lines.push(["bond", name, mode, monitorInterval, lacpRate ?? "-", transmitHashPolicy ?? "-"]);
    lines.push(...members.map((member) => ["member", name, member]));
  }
  for (const { name, id, link } of config.vlans) {
    lines.push(["vlan", name, id, link]);
  }
  for (const { name, addresses, dhcp4, routes, mtu } of configuredInterfaces(config)) {
    lines.push(...(mtu === undefined ? [] : [["mtu", name, mtu]]));
    lines.push(["up", name]);
    lines.push(...(dhcp4 ? [["dhcp", name]] : []));
    lines.push(...addresses.map((address) => ["address", name, address]));
    // Those first by which gateways of others are reached.
    const sorted = routes.toSorted((one, other) => Number(one.via !== undefined) - Number(other.via !== undefined));
    lines.push(
      ...sorted.map(({ to, via, metric, onLink }) => [
        ...["route", name, isIPv6(via ?? to.split("/")[0] ?? "") ? 6 : 4, to],
        ...[via ?? "-", metric ?? "-", onLink ? "onlink" : "-"],
      ]),
    );
  }
  const all = configuredInterfaces(config);
  lines.push(...[...new Set(all.flatMap(({ dns }) => dns))].map((address) => ["dns", address]));
  lines.push(...[...new Set(all.flatMap(({ search }) => search))].map((domain) => ["search", domain]));
  return lines.map((words) => `${words.join(" ")}\n`).join("");
}
