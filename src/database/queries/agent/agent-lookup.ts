import { describeError } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { DatabaseAddress } from "../../address/database-address.ts";
import { connectionSettings } from "../../connect.ts";
import { byteaLiteral } from "../../bytea-literal.ts";
import { entryState } from "../../heartbeat/heartbeat-fragments.ts";
import { planSettings } from "../../heartbeat/heartbeats.ts";
import type { AgentKey, MachineId } from "../../ids.ts";
import { poolOpen } from "../../connection/pool.ts";
import type { SessionHolder } from "../../session-holder.ts";

/** Whether a key is the key of a machine's agent. `busy`: too many lookups wait. */
export type AgentStanding = "known" | "unknown" | "unavailable" | "busy";

/** Looks up callers before anything else of their messages is read, many in one statement. */
export interface AgentLookup extends AsyncDisposable {
  /** Resolves to the pair's standing; never rejects. Concurrent lookups of one pair share one. */
  find(machineId: MachineId, publicKey: AgentKey): Promise<AgentStanding>;
}

/** Pairs in one statement, and pairs that may wait for the next one. */
const batchRows = 500;
const maximumWaiting = 4_000;

interface Asked {
  machineId: MachineId;
  publicKey: AgentKey;
  key: string;
  /** Machine and key. */
  pair: string;
  standing: PromiseWithResolvers<AgentStanding>;
}

/** Opens its one connection lazily. `failed` is called with the code of every error of the database. */
export function agentLookup(options: {
  address: DatabaseAddress;
  sessions: SessionHolder;
  log: Logger;
  failed?: (code: string) => void;
  /** The agent of a takeover calls with this key for the first time. Resolves to whether the key is the machine's now. */
  takenOver: (agent: { machineId: MachineId; publicKey: AgentKey }) => Promise<boolean>;
}): AgentLookup {
  const pool = poolOpen(
    options.address,
    { ...connectionSettings, options: planSettings, max: 1, application_name: "farrier agent lookups" },
    options,
  );
  /** By machine and key. */
  const waiting = new Map<string, Asked>();
  /** Keys of takeovers that are being accepted, by machine and key; each once at a time. */
  const takingOver = new Map<string, Promise<AgentStanding>>();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    // Pairs that arrived together are looked up together.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.size > 0) {
      const batch: Asked[] = [];
      for (const [pair, asked] of waiting) {
        if (batch.length >= batchRows) {
          break;
        }
        batch.push(asked);
        waiting.delete(pair);
      }
      const found = await look(batch);
      batch.forEach(({ standing }, index) => standing.resolve(found[index] ?? "unavailable"));
    }
    // In the same step as the last check for waiting pairs: a later pair starts the next run.
    running = undefined;
  }

  /** With a dead session no pair is called unknown, because this server may be cut off from the database. */
  async function look(batch: Asked[]): Promise<(AgentStanding | Promise<AgentStanding>)[]> {
    const session = options.sessions.current();
    if (session === undefined) {
      return [];
    }
    try {
      const { rows } = await pool.query<{ n: number; state: number }>({
        name: "agent-lookup",
        text: lookupStatement,
        values: [
          session.id,
          `{${batch.map(({ machineId }) => machineId).join(",")}}`,
          `{${batch.map(({ key }) => key).join(",")}}`,
        ],
      });
      const standings: (AgentStanding | Promise<AgentStanding>)[] = [];
      for (const { n, state } of rows) {
        const asked = batch[n - 1];
        standings[n - 1] =
          state === takeoverState && asked !== undefined ? takeOver(asked) : (standingOf[state] ?? "unavailable");
      }
      return standings;
    } catch {
      // The pool counts and logs the error; callers are asked to come again.
      return [];
    }
  }

  /** Waits for the machine's lock; no other lookup waits for that. Never rejects. */
  function takeOver({ machineId, publicKey, pair }: Asked): Promise<AgentStanding> {
    const before = takingOver.get(pair);
    if (before !== undefined) {
      return before;
    }
    const standing = options
      .takenOver({ machineId, publicKey })
      .then(
        (taken): AgentStanding => (taken ? "known" : "unknown"),
        (error: unknown): AgentStanding => {
          options.log.warn(
            { machine: machineId, error: describeError(error) },
            "the key of a takeover's agent could not be accepted; the agent is asked to call again",
          );
          return "unavailable";
        },
      )
      .finally(() => takingOver.delete(pair));
    takingOver.set(pair, standing);
    return standing;
  }

  return {
    find: (machineId, publicKey) => {
      const key = byteaLiteral(publicKey);
      const pair = `${machineId} ${key}`;
      const taking = takingOver.get(pair);
      if (taking !== undefined) {
        return taking;
      }
      // A lookup in flight is not shared: the key may have been bound since.
      const asked = waiting.get(pair);
      if (asked !== undefined) {
        return asked.standing.promise;
      }
      if (waiting.size >= maximumWaiting) {
        return Promise.resolve("busy");
      }
      const standing = Promise.withResolvers<AgentStanding>();
      waiting.set(pair, { machineId, publicKey, key, pair, standing });
      running ??= run();
      return standing.promise;
    },
    [Symbol.asyncDispose]: async () => {
      await running;
      await Promise.all(takingOver.values());
      await pool.end();
    },
  };
}

/** Beside {@link entryState}: a key that a takeover has registered, and that no call has come with yet. */
const takeoverState = 3;
const standingOf: Readonly<Record<number, AgentStanding>> = {
  [entryState.authenticated]: "known",
  [entryState.unauthenticated]: "unknown",
};

/** $1 session, $2 machine ids, $3 keys. Writes nothing and locks nothing. */
const lookupStatement = `
SELECT i.n::integer AS n,
  CASE WHEN NOT EXISTS (SELECT FROM sessions WHERE session_id = $1 AND session_deadline > now())
    THEN ${entryState.sessionDead}
  WHEN s.machine_id IS NOT NULL THEN ${entryState.authenticated}
  WHEN t.machine_id IS NOT NULL THEN ${takeoverState} ELSE ${entryState.unauthenticated} END AS state
FROM unnest($2::uuid[], $3::bytea[]) WITH ORDINALITY AS i (machine_id, public_key, n)
LEFT JOIN machine_agent_started s ON s.machine_id = i.machine_id AND s.agent_public_key = i.public_key
LEFT JOIN machine_takeover_key t
  ON t.machine_id = i.machine_id AND t.agent_public_key = i.public_key AND t.good_until > now()`;
