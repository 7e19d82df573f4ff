import { isIPv6 } from "node:net";
import type { Clock } from "../clock.ts";
import { rateLimit, type RateLimit } from "../rate-limit.ts";

/** How often each address may do something. */
export interface AddressLimit {
  /** Notes that it does; false = too often for this address, or for all together. */
  allow(address: string): boolean;
}

/** So many at once, so many a second in the long run. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** Starts with nobody known. An address that is not known ("") is not limited: it is a caller in this process. */
export function addressLimit(options: {
  clock: Clock;
  perAddress: Rate;
  /** Of all addresses together, for those who have many. */
  together: Rate;
  /** Addresses that are remembered; the one that was heard longest ago is forgotten first. */
  addresses: number;
}): AddressLimit {
  const { clock, perAddress, together, addresses: limit } = options;
  const addresses = new Map<string, RateLimit>();
  const all = rateLimit({ clock, ...together });
  return {
    allow: (address) => {
      if (address === "") {
        return true;
      }
      const key = addressNetwork(address);
      const bucket = addresses.get(key) ?? rateLimit({ clock, ...perAddress });
      // Set again, so that the map's order is that of who was heard last.
      addresses.delete(key);
      addresses.set(key, bucket);
      const [oldest] = addresses.keys();
      if (addresses.size > limit && oldest !== undefined) {
        addresses.delete(oldest);
      }
      if (bucket.available() < 1 || all.available() < 1) {
        return false;
      }
      bucket.take(1);
      all.take(1);
      return true;
    },
  };
}

/** What counts as one address: whoever has one IPv6 address has all of its /64. */
export function addressNetwork(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) {
    return address;
  }
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return [...front, ...zeros, ...back].slice(0, 4).join(":");
}
