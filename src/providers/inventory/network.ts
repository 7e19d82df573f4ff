import { isIP } from "node:net";
import type { InterfaceSettings, NetworkConfig } from "../../contract/network/network-config.ts";
import { networkConfigParse } from "../../contract/network/network-parse.ts";
import { networkYaml } from "../../contract/network/network-yaml.ts";
import type { Entry } from "./columns.ts";

/** The columns that describe a machine's network. */
const networkColumns = ["addresses", "gateway", "dns", "vlan", "bond"] as const;

/**
 * An entry's network as netplan's YAML, by the same checks as a file of `machine update --network`; undefined if it describes
 * none. Its addresses are on the VLAN, else on the bond, else on the first network card. Pure.
 */
export function entryNetwork(entry: Entry): { network: string | undefined } | { problem: string } {
  const { addresses = [], gateway = [], dns = [], vlan, bond, macs = [] } = entry;
  const said = networkColumns.filter((column) => entry[column] !== undefined);
  const [first] = said;
  if (first === undefined) {
    return { network: undefined };
  }
  const dhcp4 = addresses.length === 0;
  if (dhcp4 && (gateway.length > 0 || (vlan === undefined && bond === undefined))) {
    return { problem: `has ${first} and no addresses: expected the addresses that it goes with` };
  }
  const gateless = gateway.find((via) => !addresses.some((address) => isIP(address.split("/")[0] ?? "") === isIP(via)));
  if (gateless !== undefined) {
    return { problem: `has the gateway ${gateless} and no address of its family: expected one in addresses` };
  }
  const cards = bond === undefined ? macs.slice(0, 1) : bond.macs.length > 0 ? bond.macs : macs;
  if (cards.length === 0) {
    return { problem: `has ${first} and no macs: expected the MAC of the network card that it is for` };
  }
  const foreign = cards.find((mac) => !macs.includes(mac));
  if (foreign !== undefined) {
    return { problem: `has a bond of ${foreign}, which is not in its macs: expected all of its network cards there` };
  }
  const network = networkYaml(configOf({ ...{ addresses, gateway, dns, dhcp4, cards }, vlan, bond }));
  const checked = networkConfigParse(network);
  return "problem" in checked ? { problem: `its network: ${checked.problem}` } : { network };
}

function configOf(parts: {
  addresses: readonly string[];
  gateway: readonly string[];
  dns: readonly string[];
  dhcp4: boolean;
  cards: readonly string[];
  vlan: Entry["vlan"];
  bond: Entry["bond"];
}): NetworkConfig {
  const { addresses, gateway, dns, dhcp4, cards, vlan, bond } = parts;
  const plain = (name: string): InterfaceSettings => ({
    ...{ name, addresses: [], dhcp4: false, routes: [], dns: [], search: [] },
  });
  const set = (name: string): InterfaceSettings => ({
    ...{ name, addresses, dhcp4, dns, search: [] },
    routes: gateway.map((via) => ({ to: "default", via, onLink: false })),
  });
  const link = bond === undefined ? "lan0" : "bond0";
  const top = vlan === undefined ? link : `${link}.${vlan}`;
  const settings = (name: string): InterfaceSettings => (name === top ? set(name) : plain(name));
  const ethernets = cards.map((mac, n) => ({ ...settings(`lan${n}`), mac }));
  return {
    ethernets,
    bonds:
      bond === undefined
        ? []
        : [{ ...settings(link), members: ethernets.map(({ name }) => name), mode: bond.mode, monitorInterval: 100 }],
    vlans: vlan === undefined ? [] : [{ ...set(top), id: vlan, link }],
  };
}
