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
  async function look(batch: Asked[]): Promise<AgentStanding[]> {
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
      const standings: AgentStanding[] = [];
      for (const { n, state } of rows) {
        standings[n - 1] = standingOf[state] ?? "unavailable";
      }
      await Promise.all(
        rows
          .filter(({ state }) => state === takeoverState)
          .map(async ({ n }) => {
            const asked = batch[n - 1];
            standings[n - 1] =
              asked === undefined ? "unavailable" : (await options.takenOver(asked)) ? "known" : "unknown";
          }),
      );
      return standings;
    } catch {
      // The pool counts and logs the error; callers are asked to come again.
      return [];
    }
  }

  return {
    find: (machineId, publicKey) => {
      const key = byteaLiteral(publicKey);
      const pair = `${machineId} ${key}`;
      // A lookup in flight is not shared: the key may have been bound since.
      const asked = waiting.get(pair);
      if (asked !== undefined) {
        return asked.standing.promise;
      }
      if (waiting.size >= maximumWaiting) {
        return Promise.resolve("busy");
      }
      const standing = Promise.withResolvers<AgentStanding>();
      waiting.set(pair, { machineId, publicKey, key, standing });
      running ??= run();
      return standing.promise;
    },
    [Symbol.asyncDispose]: async () => {
      await running;
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
