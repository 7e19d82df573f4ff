import { stringify } from "yaml";
import type { InterfaceSettings, NetworkConfig } from "./network-config.ts";
import { defined } from "../../lib/defined.ts";

/** A network configuration as netplan's YAML, version 2, as cloud-init takes it. Pure. */
export function networkYaml({ renderer, ethernets, bonds, vlans }: NetworkConfig): string {
  const byName = <T extends InterfaceSettings>(list: readonly T[], own: (one: T) => object): object =>
    Object.fromEntries(list.map((one) => [one.name, { ...own(one), ...settingsOf(one) }]));
  const value = {
    version: 2,
    ...defined({ renderer }),
    ...(ethernets.length === 0
      ? {}
      : {
          ethernets: byName(ethernets, ({ mac, setName }) => ({
            match: { macaddress: mac },
            ...defined({ "set-name": setName }),
          })),
        }),
    ...(bonds.length === 0
      ? {}
      : {
          bonds: byName(bonds, (bond) => ({
            interfaces: bond.members,
            parameters: {
              mode: bond.mode,
              "mii-monitor-interval": bond.monitorInterval,
              ...defined({ "lacp-rate": bond.lacpRate, "transmit-hash-policy": bond.transmitHashPolicy }),
            },
          })),
        }),
    ...(vlans.length === 0 ? {} : { vlans: byName(vlans, ({ id, link }) => ({ id, link })) }),
  };
  // For cloud-init, which reads YAML 1.1: there 52:54:00:12:34:56 is a number, if it is not in quotes. And each interface has
  // its own lists, although they may be the same ones.
  return stringify(value, { compat: "yaml-1.1", aliasDuplicateObjects: false });
}

function settingsOf({ addresses, dhcp4, routes, dns, search, mtu, optional }: InterfaceSettings): object {
  return {
    ...(dhcp4 ? { dhcp4 } : {}),
    ...(addresses.length === 0 ? {} : { addresses }),
    ...defined({ mtu, optional }),
    ...(routes.length === 0
      ? {}
      : {
          routes: routes.map(({ to, via, metric, onLink }) => ({
            // cloud-init 22 knows no "default".
            to: to === "default" ? (via?.includes(":") === true ? "::/0" : "0.0.0.0/0") : to,
            ...defined({ via, metric }),
            ...(via === undefined ? { scope: "link" } : {}),
            ...(onLink ? { "on-link": true } : {}),
          })),
        }),
    ...(dns.length + search.length === 0
      ? {}
      : {
          nameservers: {
            ...(dns.length === 0 ? {} : { addresses: dns }),
            ...(search.length === 0 ? {} : { search }),
          },
        }),
  };
}
