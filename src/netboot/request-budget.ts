import { addressLimit, type Rate } from "../lib/net/address-limit.ts";
import type { Clock } from "../lib/clock.ts";
import type { Route } from "./route.ts";

/** How often network boot answers. */
export interface RequestBudget {
  /** Notes a request; false = too many, from this address or from its like together. */
  allow(address: string, resource: Route["resource"] | undefined): boolean;
  /** A machine that is known asks from there: from now on it has the part that strangers can't use up. */
  know(address: string): void;
}

/** A rack of machines behind one address that all ask at once, and what each asks for. */
const perAddress: Rate = { perSecond: 20, burst: 400 };
/** Of all addresses that known machines asked from. */
const known: Rate = { perSecond: 200, burst: 2_000 };
/** Of all others: machines that nobody knows yet boot a few at a time, and whoever floods us is one of these. */
const strangers: Rate = { perSecond: 50, burst: 800 };
/** Of the first script, which is the same for all and costs nothing: firmware that is refused it boots something else. */
const first: Rate = { perSecond: 1_000, burst: 4_000 };
const remembered = 10_000;
/** Milliseconds for which an address stays known: a boot takes minutes, and machines ask again. */
const knownFor = 3_600_000;

/** Starts with nobody known. */
export function requestBudget(clock: Clock): RequestBudget {
  const limit = (together: Rate) => addressLimit({ clock, perAddress, together, addresses: remembered });
  const limits = { known: limit(known), strangers: limit(strangers), first: limit(first) };
  const knownAt = new Map<string, number>();
  const isKnown = (address: string): boolean => {
    const at = knownAt.get(address);
    return at !== undefined && clock.monotonic() - at < knownFor;
  };
  return {
    allow: (address, resource) =>
      (isKnown(address) ? limits.known : resource === "boot" ? limits.first : limits.strangers).allow(address),
    know: (address) => {
      // Set again, so that the map's order is that of who was known last.
      knownAt.delete(address);
      knownAt.set(address, clock.monotonic());
      const [oldest] = knownAt.keys();
      if (knownAt.size > remembered && oldest !== undefined) {
        knownAt.delete(oldest);
      }
    },
  };
}
