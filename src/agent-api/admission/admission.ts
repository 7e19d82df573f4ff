import type { DescMessage } from "@bufbuild/protobuf";
import type { AgentLookup, AgentStanding } from "../../database/queries/agent/agent-lookup.ts";
import type { MachineId } from "../../database/ids.ts";
import type { KnownCallers } from "./known-callers.ts";
import { machineIdField, machineIdParse, machineNamed } from "./machine-named.ts";
import { messageProblem } from "./message-check.ts";
import type { Peer } from "../listener/peer.ts";
import { invalid, overloaded, unauthenticated, unavailable, type Refusal } from "../refusal.ts";
import { wireCursor } from "../wire.ts";

/** Authenticates callers before their messages are decoded. */
export interface Admission {
  /**
   * Resolves to undefined if the caller is the agent of the machine that its message names; the message may then be
   * decoded. Until then only the machine's id is read from the message. Synchronous for a connection that was
   * authenticated within the last minute; otherwise one lookup. Never rejects.
   */
  admit(peer: Peer, message: Buffer, schema: DescMessage): Refusal | undefined | Promise<Refusal | undefined>;
}

/** Decides by a message's first bytes, before the rest is received. */
export interface EarlyAdmission {
  /** True if the caller is not authenticated yet. */
  needed(peer: Peer): boolean;
  decide(peer: Peer, beginning: Buffer): Refusal | undefined | Promise<Refusal | undefined>;
}

/** Maximum number of concurrent lookups per connection. */
const lookupsPerConnection = 4;

const answers: Record<AgentStanding, () => Refusal | undefined> = {
  known: () => undefined,
  unknown: () => unauthenticated,
  unavailable: () => unavailable,
  busy: () => overloaded(),
};

/** Creates the admission. */
export function createAdmission({
  known,
  lookup,
}: {
  known: KnownCallers;
  lookup: AgentLookup;
}): Admission & { early: EarlyAdmission } {
  const underWay = new WeakMap<Peer, number>();

  async function look(peer: Peer, machineId: MachineId): Promise<Refusal | undefined> {
    const before = underWay.get(peer) ?? 0;
    if (before >= lookupsPerConnection) {
      return overloaded();
    }
    underWay.set(peer, before + 1);
    const standing = await lookup.find(machineId, peer.key);
    underWay.set(peer, (underWay.get(peer) ?? 1) - 1);
    if (standing === "known") {
      known.note(peer, machineId);
    } else if (standing === "unavailable") {
      peer.undecided?.();
    }
    return answers[standing]();
  }

  return {
    early: {
      needed: (peer) => !known.any(peer),
      decide: (peer, beginning) => {
        const machineId = machineNamed(beginning);
        if (typeof machineId !== "string") {
          return invalid("machine_id invalid: expected a UUID, and before all else in a message of more than 4 KiB");
        }
        return known.has(peer, machineId) ? undefined : look(peer, machineId);
      },
    },
    admit: (peer, message, schema) => {
      const machineId = machineNamed(message);
      if (typeof machineId !== "string") {
        return machineId;
      }
      return known.has(peer, machineId)
        ? problemOf(message, schema, machineId)
        : look(peer, machineId).then((refusal) => refusal ?? problemOf(message, schema, machineId));
    },
  };
}

function problemOf(message: Buffer, schema: DescMessage, machineId: MachineId): Refusal | undefined {
  const problem = messageProblem(schema, message);
  if (problem !== undefined) {
    return invalid(problem);
  }
  // Decoding takes the last machine_id, but the first one was authenticated, so all must be equal.
  const cursor = wireCursor(message);
  while (cursor.next()) {
    if (cursor.number === machineIdField && machineIdParse(message, cursor.from, cursor.to) !== machineId) {
      return invalid("machine_id is given more than once, with different values: expected one");
    }
  }
  return undefined;
}
