import { addressClass, type AddressClass } from "../../../lib/net/address-class.ts";

/**
 * Which addresses the servers of one image may redirect to. A redirect, or a registry's token server, inside the
 * machine's own network would make the agent send requests there on the image server's behalf.
 */
export interface Reach {
  /** Records the IP address of the request's own URL. */
  first(address: string): void;
  /** Why no server may redirect to this IP address; undefined if it may. */
  problem(address: string): string | undefined;
}

/** For one image: public addresses are allowed, and those of the same kind as the address of the request's own URL. */
export function createReach(): Reach {
  let own: AddressClass = "public";
  return {
    first: (address) => {
      own = addressClass(unzoned(address));
    },
    problem: (address) => {
      const there = addressClass(unzoned(address));
      return there === "public" || there === own
        ? undefined
        : `the ${there} address ${address}, to which no server may redirect (the request's URL has a ${own} address): if that is ` +
            "intended, put the final URL into the request";
    },
  };
}

/** The kernel appends the interface to link-local addresses. */
function unzoned(address: string): string {
  return address.replace(/%.*$/u, "");
}
