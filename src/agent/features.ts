/**
 * What this agent can do beyond version 1 of the contract, in the words that go over the wire: `last-error` it reports what it
 * is trying again, and why; `one-writer` it stops writing while the control plane is silent, and names runs that are dead.
 */
export const agentFeatures: readonly string[] = ["last-error", "one-writer"];
