import { prng } from "../lib/prng.ts";

/** The faults that can be injected. */
export const faultNames = ["disconnect", "kill", "slow", "bad-image", "skew", "duplicate", "storm"] as const;

/**
 * `disconnect`: a connection is lost. `kill`: an agent vanishes, and returns as a new run. `slow`: some links are slow.
 * `bad-image`: some images fail or are truncated. `skew`: some agents' clocks are years off, and so are their
 * certificates' dates. `duplicate`: two agents with one key at once. `storm`: all connections are lost, and made again,
 * at once.
 */
export type Fault = (typeof faultNames)[number];

/** A fault at one instant, for one agent or for all. */
export interface FaultEvent {
  /** Milliseconds from the beginning. */
  at: number;
  kind: "disconnect" | "kill" | "duplicate" | "storm";
  /** The agent's index; 0 for a storm. */
  agent: number;
  /** Milliseconds until a killed agent returns, or until a duplicate ends. */
  lasts: number;
}

/** How often each fault happens to an agent, on average, per minute. */
const perMinute = { disconnect: 0.2, kill: 0.05, duplicate: 0.02 } as const;
/** Minimum number of faults of each kind, however small or short a simulation is. */
const least = 3;
/** Milliseconds between storms; a shorter simulation has one, in its middle. */
const stormEvery = 240_000;
/** Shares of agents, and of installations. */
const shares = { slow: 0.05, skew: 0.2, "bad-image": 0.1 } as const;

/** The faults in order of time. The same seed gives the same plan. */
export function faultPlan(options: {
  faults: readonly Fault[];
  seed: string;
  agents: number;
  /** Milliseconds. */
  duration: number;
}): FaultEvent[] {
  const { faults, seed, agents, duration } = options;
  const events: FaultEvent[] = [];
  for (const kind of ["disconnect", "kill", "duplicate"] as const) {
    if (!faults.includes(kind)) {
      continue;
    }
    const random = prng(`${seed} faults ${kind}`);
    const count = Math.max(least, Math.round((perMinute[kind] * agents * duration) / 60_000));
    for (let index = 0; index < count; index += 1) {
      const longest = Math.min(kind === "kill" ? 20_000 : 40_000, duration / 5);
      events.push({
        at: random.between(0.1, 0.95) * duration,
        kind,
        agent: random.integer(0, agents - 1),
        lasts: random.between(longest / 10, longest),
      });
    }
  }
  if (faults.includes("storm")) {
    const first = Math.min(stormEvery / 2, duration / 2);
    for (let at = first; at < duration; at += stormEvery) {
      events.push({ at, kind: "storm", agent: 0, lasts: 0 });
    }
  }
  return events.toSorted((a, b) => a.at - b.at);
}

/** Permanent properties of an agent. */
export interface AgentTraits {
  slow: boolean;
  /** The years in which its certificate claims to be valid; absent means always. */
  validYears?: { from: number; to: number };
}

/** The traits of agent number `index`. */
export function agentTraits(faults: readonly Fault[], seed: string, index: number): AgentTraits {
  const random = prng(`${seed} traits ${index}`);
  const slow = random.chance(shares.slow) && faults.includes("slow");
  if (!random.chance(shares.skew) || !faults.includes("skew")) {
    return { slow };
  }
  // Long past, or far in the future.
  const from = random.pick([1971, 1999, 2061, 2130]);
  return { slow, validYears: { from, to: from + 2 } };
}

const imageFaults = ["missing", "truncated", "altered"] as const;

/** The fault of an installation's image. */
export type ImageFault = (typeof imageFaults)[number];

/** `fails`: it has one anyway. Undefined means none. */
export function imageFault(faults: readonly Fault[], draw: number, fails: boolean): ImageFault | undefined {
  if (fails) {
    return imageFaults[Math.floor(draw * imageFaults.length)];
  }
  if (!faults.includes("bad-image") || draw >= shares["bad-image"]) {
    return undefined;
  }
  return imageFaults[Math.floor((draw / shares["bad-image"]) * imageFaults.length)];
}

/** The indexes of the machines whose first generation fails. The same seed gives the same machines. */
export function failingMachines(options: { seed: string; agents: number; failing?: number }): ReadonlySet<number> {
  const random = prng(`${options.seed} failing`);
  const chosen = new Set<number>();
  while (chosen.size < Math.min(options.failing ?? 0, options.agents)) {
    chosen.add(random.integer(0, options.agents - 1));
  }
  return chosen;
}
