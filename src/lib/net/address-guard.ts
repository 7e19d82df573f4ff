import { lookup as dnsLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { addressClass, carriedIpv4, type AddressClass } from "./address-class.ts";
import { ipBytes, ipText } from "./ip-bytes.ts";

/** Which addresses a process may call on behalf of operators. */
export interface AddressGuardRules {
  /** Whether addresses of a site's own network may be called. */
  privateAllowed: boolean;
  /** Whether this host's own loopback addresses may be called: only where the control plane itself listens on loopback. */
  loopbackAllowed: boolean;
  /** The ports on which this host's processes of the control plane listen: never called on this host. */
  ownPorts: readonly number[];
}

/** Why an address may not be called; undefined if it may. */
export type AddressGuard = (address: string, port: number) => string | undefined;

/**
 * A guard for calls to addresses that operators, or servers that redirect, have named. It is to be asked for the address
 * that is connected to, after a name was resolved. Link-local addresses and those of clouds' metadata are never allowed.
 * @param ownAddresses the IP addresses of this host
 */
export function addressGuard(
  rules: AddressGuardRules,
  ownAddresses: () => readonly string[] = hostAddresses,
): AddressGuard {
  return (given, port) => {
    const address = unified(given);
    const kind = addressClass(address);
    const why = forbidden(kind, rules);
    if (why !== undefined) {
      return `the ${kind} address ${address}, ${why}`;
    }
    return rules.ownPorts.includes(port) &&
      (kind === "loopback" || ownAddresses().some((own) => unified(own) === address))
      ? `port ${port} of this host, ${address}, where the control plane itself listens`
      : undefined;
  };
}

/** The address in its one spelling, without its zone; the IPv4 address where it stands for one. */
function unified(given: string): string {
  const address = given.replace(/%.*$/u, "");
  return carriedIpv4(address) ?? ipText(ipBytes(address));
}

function forbidden(kind: AddressClass, rules: AddressGuardRules): string | undefined {
  switch (kind) {
    case "public":
      return undefined;
    case "private":
      return rules.privateAllowed ? undefined : "which is not allowed: expected a public address";
    case "loopback":
      return rules.loopbackAllowed
        ? undefined
        : "which is this host itself: allowed only where the control plane listens on a loopback address";
    case "link-local":
    case "metadata":
      return "which is never called, because clouds serve credentials there";
    case "reserved":
      return "which is no one host's address";
  }
}

/**
 * Resolves names as Node does, to allowed addresses only. The checked address itself is connected to, so
 * a name that resolves otherwise a moment later changes nothing.
 * @param refused makes the error from the guard's reason
 */
export function guardedLookup(guard: AddressGuard, port: number, refused: (reason: string) => Error): LookupFunction {
  return (name, options, callback) => {
    dnsLookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, "");
        return;
      }
      const allowed = addresses.filter(({ address }) => guard(address, port) === undefined);
      const [first] = allowed;
      if (first === undefined) {
        callback(refused(guard(addresses[0]?.address ?? "0.0.0.0", port) ?? "no address"), "");
      } else if (options.all === true) {
        callback(null, allowed);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

/**
 * The guard's reason against a URL whose host is an IP address: no name is resolved then. undefined for names, and for
 * allowed addresses.
 */
export function guardedUrl(guard: AddressGuard, url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/gu, "");
  return isIP(host) === 0 ? undefined : guard(host, portOfUrl(url));
}

/** The port that a URL's server listens on. */
export function portOfUrl(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}

function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
