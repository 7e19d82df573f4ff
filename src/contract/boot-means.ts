/** How an agent gets onto a machine: from its running system, or by whose power switch and from where it boots then. */
export const bootMeans = [
  "ssh-takeover",
  "controller-network",
  "controller-media",
  "controller-http",
  "provider-network",
] as const;
export type BootMeans = (typeof bootMeans)[number];

/** What is known of a machine when its means is chosen. */
export interface MeansFacts {
  /** Its management controller; absent if it has none. */
  controller?: {
    /** Power commands and boot targets that the controller offers. */
    powerCommands: readonly string[];
    bootTargets: readonly string[];
    /** Whether it takes virtual media. */
    virtualMedia: boolean;
    /** Whether it takes the URL of a UEFI HTTP boot. */
    httpBoot: boolean;
  };
  /** Whether boot media are served somewhere. */
  mediaServed: boolean;
  /** Whether it has an SSH account on its running system. */
  ssh?: boolean;
  /** Whether its provider has a power switch. */
  providerPower: boolean;
  /** Failed starts in a row, by means. */
  failures: Readonly<Partial<Record<BootMeans, number>>>;
  /** The means that an operator has set. */
  set?: BootMeans;
}

/** The chosen means and why, or why there is none. */
export type MeansChoice =
  /** `alone`: the machine has no other. */
  { means: BootMeans; why: string; alone: boolean } | { means: undefined; why: string };

/** Failed starts in a row after which the next means is tried. */
export const meansPatience = 2;

/** A means: what it is called, and what it lacks on this machine (undefined = nothing). */
interface MeansRow {
  title: string;
  lacks(facts: MeansFacts): string | undefined;
}

const notServed = "no boot medium is served (`farrier boot-image build --iso` makes one)";

function lacksOfController(
  { controller }: MeansFacts,
  target: "network" | "media" | "http",
  words: string,
): string | undefined {
  if (controller === undefined) {
    return "it has no controller";
  }
  const missing = ["on", "off"].filter((command) => !controller.powerCommands.includes(command));
  if (missing.length > 0) {
    return `its controller can't switch it ${missing.join(" and ")}`;
  }
  return controller.bootTargets.includes(target) ? undefined : `its controller can't tell it to boot from ${words}`;
}

/** Every means, the best first. A new one is a row here. */
const table: Readonly<Record<BootMeans, MeansRow>> = {
  "ssh-takeover": {
    title: "its running system, by SSH",
    lacks: ({ ssh }) => (ssh === true ? undefined : "it has no SSH account"),
  },
  "controller-network": {
    title: "its controller, by network boot",
    lacks: (facts) => lacksOfController(facts, "network", "the network"),
  },
  "controller-media": {
    title: "its controller, by a virtual medium",
    lacks: (facts) => {
      const lacks = lacksOfController(facts, "media", "a virtual medium");
      if (lacks !== undefined) {
        return lacks;
      }
      if (facts.controller?.virtualMedia !== true) {
        return "its controller takes no virtual media";
      }
      return facts.mediaServed ? undefined : notServed;
    },
  },
  "controller-http": {
    title: "its controller, by UEFI HTTP boot",
    lacks: (facts) => {
      const lacks = lacksOfController(facts, "http", "a URL");
      if (lacks !== undefined) {
        return lacks;
      }
      if (facts.controller?.httpBoot !== true) {
        return "its controller has no place for the URL of an HTTP boot";
      }
      return facts.mediaServed ? undefined : notServed;
    },
  },
  "provider-network": {
    title: "its provider's power switch, by network boot",
    lacks: ({ providerPower }) => (providerPower ? undefined : "its provider has no power switch"),
  },
};

/** A means in words. Pure. */
export function meansTitle(means: BootMeans): string {
  return table[means].title;
}

/**
 * Chooses the means of the next start: the means that an operator has set; else the first that the machine has and that has not
 * failed twice in a row; if all have, the means that failed least often, so that they take turns. Pure.
 */
export function meansChoose(facts: MeansFacts): MeansChoice {
  const { set, failures } = facts;
  if (set !== undefined) {
    const lack = table[set].lacks(facts);
    return lack === undefined
      ? { means: set, why: "an operator has set it", alone: false }
      : { means: undefined, why: `an operator has set ${meansTitle(set)}, but ${lack}` };
  }
  const there = bootMeans.filter((means) => table[means].lacks(facts) === undefined);
  const failed = (means: BootMeans): number => failures[means] ?? 0;
  const fresh = there.find((means) => failed(means) < meansPatience);
  const chosen = fresh ?? there.toSorted((one, other) => failed(one) - failed(other))[0];
  if (chosen === undefined) {
    return { means: undefined, why: [...new Set(bootMeans.map((means) => table[means].lacks(facts)))].join(", and ") };
  }
  const before = there.slice(0, there.indexOf(chosen)).filter((means) => failed(means) >= meansPatience);
  return {
    means: chosen,
    alone: there.length === 1,
    why:
      before.length === 0
        ? `it is the ${there.length === 1 ? "only" : "best"} means that this machine has`
        : before.map((means) => `${meansTitle(means)} has failed ${failed(means)} times in a row`).join(", "),
  };
}
