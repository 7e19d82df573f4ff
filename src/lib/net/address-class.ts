import { BlockList, isIPv4 } from "node:net";
import { ipBytes, ipText } from "./ip-bytes.ts";

/** Which hosts can reach an IP address. */
export type AddressClass =
  | "public"
  /** A site's own network: RFC 1918, RFC 4193, and the shared space of RFC 6598. */
  | "private"
  /** One link: RFC 3927, RFC 4291. Clouds serve their metadata there. */
  | "link-local"
  /** Only this host. */
  | "loopback"
  /** No host: multicast and reserved addresses. */
  | "reserved";

// IANA's special-purpose address registries (https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-).
const subnets: Record<Exclude<AddressClass, "public">, readonly string[]> = {
  // Linux uses 0.0.0.0 and :: for the host itself.
  loopback: ["127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"],
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  private: [
    ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"],
    ...["fc00::/7", "fec0::/10", "64:ff9b:1::/48"],
  ],
  reserved: ["192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4", "ff00::/8", "100::/64"],
};

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

/** Mapped (RFC 4291), translated (RFC 6052) and 6to4 (RFC 3056) addresses. */
function carriedIpv4(address: string): string | undefined {
  if (isIPv4(address)) {
    return undefined;
  }
  const bytes = ipBytes(address);
  const begins = (hex: string): boolean => bytes.toString("hex").startsWith(hex);
  if (begins("00000000000000000000ffff") || begins("0064ff9b0000000000000000")) {
    return ipText(bytes.subarray(12));
  }
  return begins("2002") ? ipText(bytes.subarray(2, 6)) : undefined;
}
