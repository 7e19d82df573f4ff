import { BlockList, isIP, isIPv4 } from "node:net";
import { ipBytes, ipText } from "../lib/net/ip-bytes.ts";

/** The address that a secret is to be sent to. */
export interface ReachedAddress {
  /** The given name or address. */
  host: string;
  /** The IP address of `host`, to which the connection is made. */
  ip: string;
}

/** A normalised entry in the list of addresses that a credential may be sent to. */
export type AllowedAddress =
  | { kind: "network"; text: string; address: string; prefix: number }
  | { kind: "name"; text: string };

const namePattern = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/u;

/**
 * Parses a network (`10.1.0.0/16`, `2001:db8::/32`), an address (`10.1.2.3`) or a name. Undefined for anything else,
 * and for a network with bits set beyond its prefix. Pure.
 */
export function allowedAddress(text: string): AllowedAddress | undefined {
  const [address = "", prefixText, ...more] = text.split("/");
  if (isIP(address) !== 0 && !address.includes("%")) {
    const bytes = ipBytes(address);
    const prefix = prefixText === undefined ? bytes.length * 8 : Number(prefixText);
    if (more.length > 0 || (prefixText !== undefined && !/^\d{1,3}$/u.test(prefixText)) || prefix > bytes.length * 8) {
      return undefined;
    }
    if (hostBits(bytes, prefix)) {
      return undefined;
    }
    // A network of IPv4-mapped addresses is the IPv4 network: addresses are compared as IPv4.
    const mapped = prefix >= mappedBits && isMapped(bytes);
    const [plain, bits] = mapped ? [bytes.subarray(mappedBits / 8), prefix - mappedBits] : [bytes, prefix];
    return { kind: "network", text: `${ipText(plain)}/${bits}`, address: ipText(plain), prefix: bits };
  }
  const name = text.toLowerCase().replace(/\.$/u, "");
  // Only digits and dots, but not a valid address: a typing error, not a name.
  return prefixText !== undefined || name.length > 253 || !namePattern.test(name) || /^[0-9.]+$/u.test(name)
    ? undefined
    : { kind: "name", text: name };
}

/** Bits before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2). */
const mappedBits = 96;

function isMapped(bytes: Buffer): boolean {
  return bytes.length === 16 && bytes.toString("hex").startsWith("00000000000000000000ffff");
}

function hostBits(bytes: Uint8Array, prefix: number): boolean {
  return bytes.some((byte, index) => (byte & (0xff >> Math.min(8, Math.max(0, prefix - index * 8)))) !== 0);
}

/**
 * Whether a secret may be sent there: a network contains the resolved address, or a name equals the given host. An
 * IPv4-mapped IPv6 address counts as the IPv4 address. Pure.
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

/**
 * The address without its zone; an IPv4-mapped one as IPv4 (RFC 4291, 2.5.5.2). Undefined if `ip` is not an address.
 */
function plainAddress(ip: string): string | undefined {
  const bare = ip.replace(/^\[|\]$/gu, "").replace(/%.*$/u, "");
  if (isIP(bare) !== 6) {
    return isIP(bare) === 4 ? bare : undefined;
  }
  const bytes = ipBytes(bare);
  return isMapped(bytes) ? ipText(bytes.subarray(mappedBits / 8)) : bare;
}
