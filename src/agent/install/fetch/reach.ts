import { addressClass, type AddressClass } from "../../../lib/net/address-class.ts";

/**
 * Where the servers of one image may lead. A redirect, or a registry's token server, that led to the machine's own network would
 * have the agent ask there in the image server's name.
 */
export interface Reach {
  /** Notes at which IP address the request's own URL was found. */
  first(address: string): void;
  /** Why nobody may lead to this IP address; undefined = they may. */
  problem(address: string): string | undefined;
}

/** For one image: public addresses, and those of the kind at which the request's own URL is. */
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
        : `the ${there} address ${address}, to which no server may lead (the request's URL is at a ${own} one): if it is ` +
            "meant, put the final URL into the request";
    },
  };
}

/** The kernel adds the interface to link-local addresses. */
function unzoned(address: string): string {
  return address.replace(/%.*$/u, "");
}
