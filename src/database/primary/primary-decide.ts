import type { DatabaseHost } from "../address/database-address.ts";
import { formatHostPort } from "../../lib/net/host-port.ts";
import { defined } from "../../lib/defined.ts";

/** The result of asking one host. */
export type PrimaryLook =
  | { answered: false; reason: string }
  | {
      answered: true;
      /** It is a standby, or accepts no writes for another reason. */
      standby: boolean;
      /** The timeline id, which counts promotions; absent if the server does not reveal it. */
      timeline?: number;
      /** The system identifier, the same for a cluster and its standbys; absent if the server does not reveal it. */
      system?: string;
    };

/** What a process knows about the primary. */
export interface PrimaryKnown {
  host?: DatabaseHost;
  /** The timeline of the newest primary that was ever seen; 0 if there was none. */
  timeline: number;
  system?: string;
}

/** The decision after asking all hosts. */
export type PrimaryDecision =
  | { kind: "found"; known: PrimaryKnown & { host: DatabaseHost } }
  /** `left`: hosts whose connections are useless now. */
  | { kind: "none"; reason: string; left: readonly DatabaseHost[] };

/** Whether two hosts are the same. */
export function sameHost(one: DatabaseHost, other: DatabaseHost | undefined): boolean {
  return one.host === other?.host && one.port === other.port;
}

/**
 * Decides which host is the primary. A host with an older timeline than the newest one seen is a former primary that
 * does not know it: its writes would be lost. A primary of another cluster is not accepted either. Of several, the one
 * with the newest timeline is chosen; of equals, the previous primary. Pure.
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
      why.push(`${name} is another cluster, not a standby of the one in use`);
      left.push(host);
      continue;
    }
    if (timeline > 0 && timeline < known.timeline) {
      why.push(
        `${name} is a former primary: its timeline ${timeline} is older than ${known.timeline}, which was in use`,
      );
      left.push(host);
      continue;
    }
    const candidate = { host, timeline, ...defined({ system }) };
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

/** A host's name for messages. */
export function placeName({ host, port }: DatabaseHost): string {
  return host.startsWith("/") ? `${host} (port ${port})` : formatHostPort({ host, port });
}
