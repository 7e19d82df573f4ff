import { addressLimit, type Rate } from "../lib/net/address-limit.ts";
import type { Clock } from "../lib/clock.ts";
import type { Route } from "./route.ts";

/** Limits how often network boot answers. */
export interface RequestBudget {
  /** Records a request; returns false if there were too many from this address, or from its class together. */
  allow(address: string, resource: Route["resource"] | undefined): boolean;
  /** A known machine asks from this address: from now on the address uses the share that strangers can't use up. */
  know(address: string): void;
  /** A controller may fetch a boot medium from this address: from now on its fetches have a share of their own. */
  fetches(address: string): void;
}

/** Enough for a rack of machines behind one address that all ask at once. */
const perAddress: Rate = { perSecond: 20, burst: 400 };
/** For all addresses that known machines asked from. */
const known: Rate = { perSecond: 200, burst: 2_000 };
/** For all other addresses: unknown machines boot a few at a time, and a flood comes from these. */
const strangers: Rate = { perSecond: 50, burst: 800 };
/**
 * For the first script, which is the same for all and costs nothing: firmware that gets no answer boots something else.
 */
const first: Rate = { perSecond: 1_000, burst: 4_000 };
/** For a controller that fetches a boot medium: some ask for 4 KiB at a time, of 80 MB. */
const fetcher: Rate = { perSecond: 1_000, burst: 4_000 };
/** For all of them. */
const fetchers: Rate = { perSecond: 4_000, burst: 16_000 };
const remembered = 10_000;
/** Milliseconds for which an address stays known: a boot takes minutes, and machines ask again. */
const knownFor = 3_600_000;

/** Starts without known addresses. */
export function requestBudget(clock: Clock): RequestBudget {
  const limit = (together: Rate, each = perAddress) =>
    addressLimit({ clock, perAddress: each, together, addresses: remembered });
  const limits = {
    known: limit(known),
    strangers: limit(strangers),
    first: limit(first),
    media: limit(fetchers, fetcher),
  };
  const machines = recentAddresses(clock);
  const controllers = recentAddresses(clock);
  return {
    allow: (address, resource) => {
      if (resource === "medium" && controllers.has(address)) {
        return limits.media.allow(address);
      }
      const share = machines.has(address) ? limits.known : resource === "boot" ? limits.first : limits.strangers;
      return share.allow(address);
    },
    know: (address) => machines.add(address),
    fetches: (address) => controllers.add(address),
  };
}

/** Addresses that were added within the last hour, and a limited number of them. */
function recentAddresses(clock: Clock): { has(address: string): boolean; add(address: string): void } {
  const addedAt = new Map<string, number>();
  return {
    has: (address) => {
      const at = addedAt.get(address);
      return at !== undefined && clock.monotonic() - at < knownFor;
    },
    add: (address) => {
      // Inserted again, so that the map is ordered by the latest time.
      addedAt.delete(address);
      addedAt.set(address, clock.monotonic());
      const [oldest] = addedAt.keys();
      if (addedAt.size > remembered && oldest !== undefined) {
        addedAt.delete(oldest);
      }
    },
  };
}
