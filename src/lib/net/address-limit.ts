import { isIPv6 } from "node:net";
import type { Clock } from "../clock.ts";
import { rateLimit, type RateLimit } from "../rate-limit.ts";

/** Limits how often each address may do something. */
export interface AddressLimit {
  /** Records one action; returns false if there were too many of this address, or of all together. */
  allow(address: string): boolean;
}

/** `burst` at once, `perSecond` in the long run. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** Starts empty. An unknown address ("") is not limited: it is a caller in this process. */
export function addressLimit(options: {
  clock: Clock;
  perAddress: Rate;
  /** For all addresses together, against callers with many. */
  together: Rate;
  /** Maximum number of remembered addresses; the one with the oldest action is forgotten first. */
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
      // Inserted again, so that the map is ordered by the latest action.
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

/** The unit of limits: a caller with one IPv6 address has its whole /64. */
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
