/**
 * What this agent can do beyond version 1 of the contract, by the names used on the wire. `last-error`: it reports what
 * it is retrying, and why. `mirror`: it fetches an image from its mirrors first. `one-writer`: it stops writing while
 * the control plane is silent, and names runs that have ended. `vendor-data`: it writes vendor data into the seed.
 */
export const agentFeatures: readonly string[] = ["last-error", "mirror", "one-writer", "vendor-data"];
