import { addressLimit, type AddressLimit } from "../../lib/net/address-limit.ts";
import type { Clock } from "../../lib/clock.ts";

/** How often each address may fail to prove who it is. */
export type FailedAttempts = AddressLimit;

/** Failures of one address at once, and a second in the long run. */
const perAddress = { perSecond: 1, burst: 20 };
/** Of all addresses together, for those who have many. */
const together = { perSecond: 100, burst: 500 };

/** Starts with nobody known. */
export function failedAttempts(clock: Clock, addresses = 10_000): FailedAttempts {
  return addressLimit({ clock, perAddress, together, addresses });
}
