/** Maximum number of bytes of a network configuration: a boot medium has room for it beside certificates. */
export const networkConfigLimit = 16 * 1024;

/** What is set on one interface. */
export interface InterfaceSettings {
  /** The name that other interfaces of the same configuration use for it. Of bonds and VLANs also the kernel's. */
  name: string;
  /** Addresses with their prefix: `192.0.2.7/24`. */
  addresses: readonly string[];
  /** Whether it asks a DHCP server for an IPv4 address. */
  dhcp4: boolean;
  routes: readonly NetworkRoute[];
  dns: readonly string[];
  search: readonly string[];
  mtu?: number | undefined;
  /** Only for an installed system, as netplan has it: its start does not wait for this interface. */
  optional?: boolean | undefined;
}

/** A route. */
export interface NetworkRoute {
  /** A network, or "default". */
  to: string;
  /** The gateway; absent = whatever is in that network is on the interface itself. */
  via?: string | undefined;
  metric?: number | undefined;
  /** The gateway counts as reachable even if no address of the interface is in its network. */
  onLink: boolean;
}

/** A network card. It is found by its MAC, because each kernel has its own names. */
export interface EthernetConfig extends InterfaceSettings {
  /** `aa:bb:cc:dd:ee:ff` */
  mac: string;
  /** Only for an installed system: the kernel's name of it there. */
  setName?: string | undefined;
}

/** Several network cards as one. */
export interface BondConfig extends InterfaceSettings {
  /** Names of network cards. */
  members: readonly string[];
  mode: BondMode;
  /** Milliseconds between two looks at the members' links. */
  monitorInterval: number;
  lacpRate?: "slow" | "fast" | undefined;
  transmitHashPolicy?: "layer2" | "layer2+3" | "layer3+4" | undefined;
}

export const bondModes = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
] as const;
export type BondMode = (typeof bondModes)[number];

/** A VLAN on a network card or a bond. */
export interface VlanConfig extends InterfaceSettings {
  /** 1 to 4094 */
  id: number;
  /** Name of the network card or bond. */
  link: string;
}

/** The network of one machine: what Farrier takes of netplan's version 2. */
export interface NetworkConfig {
  /** Only for an installed system: what sets its network. */
  renderer?: "networkd" | "NetworkManager" | undefined;
  ethernets: readonly EthernetConfig[];
  bonds: readonly BondConfig[];
  vlans: readonly VlanConfig[];
}

/** All interfaces, those first that others stand on. Pure. */
export function configuredInterfaces({ ethernets, bonds, vlans }: NetworkConfig): readonly InterfaceSettings[] {
  return [...ethernets, ...bonds, ...vlans];
}
