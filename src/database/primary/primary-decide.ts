import type { DatabaseHost } from "../address/database-address.ts";
import { formatHostPort } from "../../lib/net/host-port.ts";

/** What a look at one host found. */
export type PrimaryLook =
  | { answered: false; reason: string }
  | {
      answered: true;
      /** It follows another, or takes no writes for another reason. */
      standby: boolean;
      /** Counts promotions; absent = the server does not say. */
      timeline?: number;
      /** What a cluster was given when it was made, all its standbys have it; absent = the server does not say. */
      system?: string;
    };

/** What a process knows of the primary. */
export interface PrimaryKnown {
  host?: DatabaseHost;
  /** Of the newest primary that was ever seen; 0 = of none. */
  timeline: number;
  system?: string;
}

/** What comes of a look at all hosts. */
export type PrimaryDecision =
  | { kind: "found"; known: PrimaryKnown & { host: DatabaseHost } }
  /** `left`: hosts whose connections are of no use any more. */
  | { kind: "none"; reason: string; left: readonly DatabaseHost[] };

/** The same place. */
export function sameHost(one: DatabaseHost, other: DatabaseHost | undefined): boolean {
  return one.host === other?.host && one.port === other.port;
}

/**
 * Which host is the primary. One whose timeline is older than one that was seen is a former primary that does not know it:
 * what it would take would be lost. Nor is another cluster taken for this one's primary. Of several the one with the
 * newest timeline; of equals the one that it was. Pure.
 */
export function primaryDecide(
  known: PrimaryKnown,
  looks: readonly { host: DatabaseHost; look: PrimaryLook }[],
): PrimaryDecision {
  const why: string[] = [];
  const left: DatabaseHost[] = [];
  let best: (PrimaryKnown & { host: DatabaseHost }) | undefined;
  for (const { host, look } of looks) {
    const name = placeName(host);
    if (!look.answered) {
      why.push(`${name}: ${look.reason}`);
      continue;
    }
    if (look.standby) {
      why.push(`${name} is a standby or read-only`);
      left.push(host);
      continue;
    }
    const { timeline = 0, system = known.system } = look;
    if (known.system !== undefined && system !== known.system) {
      why.push(`${name} is another cluster, not a standby of the one that was used`);
      left.push(host);
      continue;
    }
    if (timeline > 0 && timeline < known.timeline) {
      why.push(`${name} is a former primary: its timeline ${timeline} is older than ${known.timeline}, which was used`);
      left.push(host);
      continue;
    }
    const candidate = { host, timeline, ...(system === undefined ? {} : { system }) };
    if (
      best === undefined ||
      timeline > best.timeline ||
      (timeline === best.timeline && sameHost(host, known.host) && !sameHost(best.host, known.host))
    ) {
      best = candidate;
    }
  }
  return best === undefined
    ? { kind: "none", reason: why.join("; "), left }
    : { kind: "found", known: { ...best, timeline: Math.max(best.timeline, known.timeline) } };
}

/** A host as people write it. */
export function placeName({ host, port }: DatabaseHost): string {
  return host.startsWith("/") ? `${host} (port ${port})` : formatHostPort({ host, port });
}
