import { isIPv4 } from "node:net";
import { NetbootError } from "../errors.ts";

/** What dnsmasq does on a network. */
export interface DhcpOptions {
  /** The network interface, such as eno1. */
  interface: string;
  /**
   * `range`: assign addresses from first to last; `proxy`: leave that to the existing DHCP server, and only announce
   * what to boot.
   */
  mode: { kind: "range"; first: string; last: string } | { kind: "proxy" };
  /** Announced besides the address; absent means nothing. */
  router?: string | undefined;
  dns?: string | undefined;
}

/** An interface's IPv4 address and its netmask. */
export interface InterfaceAddress {
  address: string;
  netmask: string;
}

/** An IPv4 address as a number. */
function numberOf(address: string): number {
  return address.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

/** The network of an address. Pure. */
export function interfaceNetwork({ address, netmask }: InterfaceAddress): string {
  const mask = netmask.split(".").map(Number);
  return address
    .split(".")
    .map((part, index) => Number(part) & (mask[index] ?? 0))
    .join(".");
}

/**
 * Parses the first and the last address of a range, "A,B".
 * @throws {NetbootError} `options`
 */
export function dhcpRange(text: string): DhcpOptions["mode"] {
  const [first = "", last = "", ...more] = text.split(",");
  if (!isIPv4(first) || !isIPv4(last) || more.length > 0 || numberOf(first) > numberOf(last)) {
    throw new NetbootError(
      "options",
      `"${text}" is not a range of addresses: expected the first and the last, such as 10.0.0.100,10.0.0.199`,
    );
  }
  return { kind: "range", first, last };
}

/**
 * Checks the options against the interface, which has this address (undefined if none).
 * @throws {NetbootError} `options`, naming the conflict
 */
export function dhcpCheck(options: DhcpOptions, own: InterfaceAddress | undefined): InterfaceAddress {
  const { interface: name, mode, router, dns } = options;
  if (own === undefined) {
    throw new NetbootError(
      "options",
      `the interface ${name} does not exist, has no link, or has no IPv4 address: give it one (ip addr add …), or name another with --dhcp-interface`,
    );
  }
  const outside = (address: string): boolean => interfaceNetwork({ ...own, address }) !== interfaceNetwork(own);
  if (mode.kind === "range" && (outside(mode.first) || outside(mode.last))) {
    throw new NetbootError(
      "options",
      `the addresses from ${mode.first} to ${mode.last} are not in the network of ${name} (${own.address}, netmask ` +
        `${own.netmask}): choose some that are with --dhcp-range`,
    );
  }
  for (const [flag, address] of [
    ["--dhcp-router", router],
    ["--dhcp-dns", dns],
  ] as const) {
    if (address !== undefined && (!isIPv4(address) || mode.kind === "proxy")) {
      const why = isIPv4(address) ? "goes with --dhcp-range only" : `"${address}" is no IPv4 address`;
      throw new NetbootError("options", `${flag}: ${why}`);
    }
  }
  return own;
}
