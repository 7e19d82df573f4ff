import { isIPv6 } from "node:net";
import type { Clock } from "../lib/clock.ts";
import { rateLimit, type RateLimit } from "../lib/rate-limit.ts";

/** How often each address may fail to prove who it is. */
export interface FailedAttempts {
  /** Notes a failure; false = there were too many of this address, or of all together. */
  allow(address: string): boolean;
}

/** Failures of one address at once, and a second in the long run. */
const perAddress = { perSecond: 1, burst: 20 };
/** Of all addresses together, for those who have many. */
const together = { perSecond: 100, burst: 500 };
/** Addresses that are remembered; the one that failed longest ago is forgotten first. */
const addressesLimit = 10_000;

/** Starts with nobody known. An address that is not known ("") is not limited: it is a caller in this process. */
export function failedAttempts(clock: Clock, limit: number = addressesLimit): FailedAttempts {
  const addresses = new Map<string, RateLimit>();
  const all = rateLimit({ clock, ...together });
  return {
    allow: (address) => {
      if (address === "") {
        return true;
      }
      const key = network(address);
      const bucket = addresses.get(key) ?? rateLimit({ clock, ...perAddress });
      // Set again, so that the map's order is that of the last failures.
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

/** Whoever has one IPv6 address has all of its /64. */
function network(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) {
    return address;
  }
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return [...front, ...zeros, ...back].slice(0, 4).join(":");
}
