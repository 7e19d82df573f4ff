import { BlockList, isIP, isIPv4 } from "node:net";
import { ipBytes, ipText } from "../lib/net/ip-bytes.ts";

/** The destination of a secret. */
export interface ReachedAddress {
  /** As it was given: a name or an address. */
  host: string;
  /** The address that the name was resolved to, which is connected to. */
  ip: string;
}

/** An entry of the list of addresses that a credential may be sent to, in its normal form. */
export type AllowedAddress =
  | { kind: "network"; text: string; address: string; prefix: number }
  | { kind: "name"; text: string };

const namePattern = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/u;

/**
 * Parses `10.1.0.0/16`, `10.1.2.3`, `2001:db8::/32` or a name; undefined for anything else, and for an address with
 * bits beyond its prefix. Pure.
 */
export function allowedAddress(text: string): AllowedAddress | undefined {
  const [address = "", prefixText, ...more] = text.split("/");
  if (isIP(address) !== 0 && !address.includes("%")) {
    const bytes = ipBytes(address);
    const prefix = prefixText === undefined ? bytes.length * 8 : Number(prefixText);
    if (more.length > 0 || (prefixText !== undefined && !/^\d{1,3}$/u.test(prefixText)) || prefix > bytes.length * 8) {
      return undefined;
    }
    return hostBits(bytes, prefix)
      ? undefined
      : { kind: "network", text: `${ipText(bytes)}/${prefix}`, address: ipText(bytes), prefix };
  }
  const name = text.toLowerCase().replace(/\.$/u, "");
  // Four numbers that are not an address are a typing error, not a name.
  return prefixText !== undefined || name.length > 253 || !namePattern.test(name) || /^[0-9.]+$/u.test(name)
    ? undefined
    : { kind: "name", text: name };
}

function hostBits(bytes: Uint8Array, prefix: number): boolean {
  return bytes.some((byte, index) => (byte & (0xff >> Math.min(8, Math.max(0, prefix - index * 8)))) !== 0);
}

/**
 * Whether a secret may be sent there: the resolved address is in one of the networks, or the given host is one of the
 * names. An IPv4-mapped IPv6 address counts as the IPv4 address. Pure.
 */
export function mayReach(allowed: readonly string[], { host, ip }: ReachedAddress): boolean {
  const name = host.toLowerCase().replace(/\.$/u, "");
  const address = plainAddress(ip);
  return allowed.some((text) => {
    const entry = allowedAddress(text);
    switch (entry?.kind) {
      case undefined:
        return false;
      case "name":
        return entry.text === name;
      case "network": {
        if (address === undefined || isIPv4(address) !== isIPv4(entry.address)) {
          return false;
        }
        const network = new BlockList();
        const family = isIPv4(address) ? "ipv4" : "ipv6";
        network.addSubnet(entry.address, entry.prefix, family);
        return network.check(address, family);
      }
    }
  });
}

/** Without a zone, and an IPv4-mapped address as IPv4 (RFC 4291, 2.5.5.2); undefined if it is not an address. */
function plainAddress(ip: string): string | undefined {
  const bare = ip.replace(/^\[|\]$/gu, "").replace(/%.*$/u, "");
  if (isIP(bare) !== 6) {
    return isIP(bare) === 4 ? bare : undefined;
  }
  const bytes = ipBytes(bare);
  return bytes.toString("hex").startsWith("00000000000000000000ffff") ? ipText(bytes.subarray(12)) : bare;
}
