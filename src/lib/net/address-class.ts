import { BlockList, isIPv4 } from "node:net";
import { ipBytes, ipText } from "./ip-bytes.ts";

/** Which hosts can reach an IP address. */
export type AddressClass =
  | "public"
  /** A site's own network: RFC 1918, RFC 4193, and the shared space of RFC 6598. */
  | "private"
  /** One link: RFC 3927, RFC 4291. Clouds serve their metadata there. */
  | "link-local"
  /** Where a cloud serves metadata, with credentials in them, outside the link-local networks. */
  | "metadata"
  /** Only this host. */
  | "loopback"
  /** No one host: multicast and reserved addresses, and those that a network translates by its own rule (RFC 8215). */
  | "reserved";

// IANA's special-purpose address registries (https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-).
// The first list that has an address counts.
const subnets: Record<Exclude<AddressClass, "public">, readonly string[]> = {
  // Amazon, Google, Oracle and Scaleway by IPv6; Alibaba and Azure by IPv4.
  metadata: [
    ...["fd00:ec2::254/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128"],
    ...["100.100.100.200/32", "168.63.129.16/32"],
  ],
  // Linux uses 0.0.0.0 and :: for the host itself.
  loopback: ["127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"],
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  private: [
    ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"],
    ...["fc00::/7", "fec0::/10"],
  ],
  reserved: ["192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4", "ff00::/8", "100::/64", "64:ff9b:1::/48"],
};

/** Prefixes of 96 bits, behind which an IPv4 address stands. */
const translating = ["00000000000000000000ffff", "0000000000000000ffff0000", "0064ff9b0000000000000000"];

const lists = Object.entries(subnets).map(([name, texts]) => {
  const list = new BlockList();
  for (const text of texts) {
    const [network = "", prefix] = text.split("/");
    list.addSubnet(network, Number(prefix), isIPv4(network) ? "ipv4" : "ipv6");
  }
  return { name: name as AddressClass, list };
});

/**
 * The class of an address without a zone. An IPv6 address that contains an IPv4 address has the class of the latter.
 * Pure.
 */
export function addressClass(address: string): AddressClass {
  const inner = carriedIpv4(address);
  if (inner !== undefined) {
    return addressClass(inner);
  }
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  return lists.find(({ list }) => list.check(address, family))?.name ?? "public";
}

/**
 * The IPv4 address that an IPv6 address stands for: mapped and compatible (RFC 4291), translated (RFC 2765, RFC 6052) and
 * 6to4 (RFC 3056). undefined for all others. Pure.
 */
export function carriedIpv4(address: string): string | undefined {
  if (isIPv4(address)) {
    return undefined;
  }
  const bytes = ipBytes(address);
  const begins = (hex: string): boolean => bytes.toString("hex").startsWith(hex);
  if (translating.some((prefix) => begins(prefix))) {
    return ipText(bytes.subarray(12));
  }
  // "::" and "::1" are addresses of their own.
  if (begins("0".repeat(24)) && bytes.readUInt32BE(12) > 0xffff) {
    return ipText(bytes.subarray(12));
  }
  return begins("2002") ? ipText(bytes.subarray(2, 6)) : undefined;
}
