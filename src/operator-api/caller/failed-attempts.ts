import { addressLimit, type AddressLimit } from "../../lib/net/address-limit.ts";
import type { Clock } from "../../lib/clock.ts";

/** Limits how often each address may fail to authenticate. */
export type FailedAttempts = AddressLimit;

/** Failures allowed per address: `burst` at once, then `perSecond`. */
const perAddress = { perSecond: 1, burst: 20 };
/** Failures allowed for all addresses together, against callers that have many. */
const together = { perSecond: 100, burst: 500 };

/** Starts without any recorded failures. */
export function failedAttempts(clock: Clock, addresses = 10_000): FailedAttempts {
  return addressLimit({ clock, perAddress, together, addresses });
}
