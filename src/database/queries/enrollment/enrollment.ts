import { sql } from "kysely";
import { system, type Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import type { MachineId, SessionId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { agentFeaturesSet } from "../agent/agent-features.ts";
import { agentKeySet, keyStart } from "../agent/agent.ts";
import { startAllowByAgent } from "../agent/start-allowed.ts";
import { claimRecord, type ClaimEntry } from "./enrollment-claim.ts";
import { enrollmentDecide, type EnrollmentDecision, type EnrollmentFacts } from "./enrollment-decide.ts";
import { hardwareReportWrite } from "../hardware/hardware-report-write.ts";
import { historyAppend } from "../../history.ts";
import { machineByIdentity } from "../../machine-identity.ts";
import { machineQuarantineWrite } from "../machine/machine-quarantine.ts";
import { machineLock } from "../../machine-lock.ts";
import { defined } from "../../../lib/defined.ts";

/** An agent that asks to enrol; its key was proven by the handshake. */
export interface AgentEnrollment extends ClaimEntry {
  /** SHA-256 of the token that it presents. */
  tokenDigest?: Uint8Array;
  /** What it can do beyond version 1 of the contract; empty if it does not report it. */
  features?: readonly string[];
}

/** The outcome. Everything that is not accepted gets one answer. */
export type EnrollmentOutcome =
  | { status: "accepted"; machineId: MachineId; newly: boolean }
  | { status: "awaiting"; claim: "new" | "known" | "full"; secondClaimantOf?: MachineId };

/** How often the facts are read again because they were about another machine than the one whose lock was awaited. */
const lookTries = 3;

/**
 * Enrols an agent, or remembers its claim. Decided under the lock of the machine in question; a stranger who names a
 * machine without an open boot window locks nothing.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function agentEnroll(
  database: Database,
  session: { id: SessionId },
  enrollment: AgentEnrollment,
): Promise<EnrollmentOutcome> {
  return transact(database, session, async (tx) => {
    const { facts, decision } = await decideUnderLock(tx, enrollment);
    const actor: Actor = { kind: "agent", name: keyStart(enrollment.publicKey) };
    switch (decision.decision) {
      case "accept":
        await welcome(tx, decision.machineId, enrollment, actor);
        return { status: "accepted", machineId: decision.machineId, newly: false };
      case "bind":
        await bind(tx, decision, facts, { enrollment, actor });
        return { status: "accepted", machineId: decision.machineId, newly: true };
      case "note":
        await sql`
          UPDATE machine_boot_window SET claimed_keys = claimed_keys || ${Buffer.from(enrollment.publicKey)}::bytea
          WHERE machine_id = ${decision.machineId} AND cardinality(claimed_keys) < 2
            AND ${Buffer.from(enrollment.publicKey)} <> ALL (claimed_keys)`.execute(tx);
        return awaiting(tx, facts, enrollment, actor);
      case "second-claimant": {
        const { machineId, enrolled } = decision;
        await contest(
          tx,
          { machineId, window: facts.window, enrolled, other: enrollment.publicKey },
          enrollment.address,
        );
        return { ...(await awaiting(tx, facts, enrollment, actor)), secondClaimantOf: machineId };
      }
      case "await":
        return awaiting(tx, facts, enrollment, actor);
    }
  });
}

/** Decides; if the decision concerns a machine, decides again once that machine is locked. */
async function decideUnderLock(
  tx: Tx,
  enrollment: AgentEnrollment,
): Promise<{ facts: EnrollmentFacts; decision: EnrollmentDecision }> {
  let locked: MachineId | undefined;
  for (let attempt = 1; attempt <= lookTries; attempt += 1) {
    const facts = await factsOf(tx, enrollment);
    const decision = enrollmentDecide(facts, enrollment.publicKey);
    if (decision.decision === "await" || decision.machineId === locked) {
      return { facts, decision };
    }
    locked = decision.machineId;
    await machineLock(tx, locked);
  }
  // The facts keep changing: nothing is decided, and the agent asks again.
  return { facts: { bound: null, claimed: null, window: null }, decision: { decision: "await" } };
}

interface FactsRow {
  bound: MachineId[] | null;
  claimed: MachineId | null;
  machine_id: MachineId | null;
  window_id: string | null;
  by_token: boolean | null;
  way: string | null;
  quarantined: boolean;
  enrolled_key: Buffer | null;
  claimed_keys: Buffer[] | null;
  both_alive: boolean;
  elsewhere: boolean;
}

async function factsOf(
  tx: Tx,
  { publicKey, identity, tokenDigest, address }: AgentEnrollment,
): Promise<EnrollmentFacts> {
  const digest = tokenDigest === undefined ? null : Buffer.from(tokenDigest);
  const { rows } = await sql<FactsRow>`
    SELECT
      ARRAY(
        SELECT s.machine_id FROM machine_agent_started s WHERE s.agent_public_key = ${Buffer.from(publicKey)}
        ORDER BY s.machine_id = i.claimed DESC NULLS LAST LIMIT 2
      ) AS bound,
      i.claimed, w.machine_id, w.window_id, w.by_token, w.way, w.enrolled_key, w.claimed_keys,
      EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = w.machine_id) AS quarantined,
      EXISTS (
        SELECT FROM enrollment_claim c
        JOIN machine_agent_started s ON s.machine_id = w.machine_id AND s.agent_public_key = w.enrolled_key
        JOIN machine_agent_heartbeat h ON h.machine_id = w.machine_id
        WHERE c.agent_public_key = ${Buffer.from(publicKey)} AND h.agent_heartbeat_at > c.first_seen_at + interval '5 seconds'
      ) AS both_alive,
      coalesce((
        SELECT y.detail ->> 'address' FROM history y
        WHERE y.machine_id = w.machine_id AND y.at >= w.opened_at AND y.event = 'agent_enrolled'
          AND y.detail ->> 'window' = w.window_id::text
        ORDER BY y.at DESC LIMIT 1
      ) <> ${address}, false) AS elsewhere
    FROM (SELECT ${machineByIdentity(identity)} AS claimed) i
    LEFT JOIN LATERAL (
      SELECT w.*, coalesce(w.token_digest = ${digest}::bytea, false) AS by_token FROM machine_boot_window w
      WHERE (w.token_digest = ${digest}::bytea OR w.machine_id = i.claimed)
        AND w.closed_at IS NULL AND w.closes_at > now()
      ORDER BY by_token DESC LIMIT 1
    ) w ON true`.execute(tx);
  const [row] = rows;
  const [first, second] = row?.bound ?? [];
  const claimed = row?.claimed ?? null;
  return {
    // If a key is bound to two machines, the machine that the agent claims to be counts.
    bound: second === undefined || first === claimed ? (first ?? null) : null,
    claimed,
    window:
      row === undefined || row.machine_id === null || row.window_id === null
        ? null
        : {
            machineId: row.machine_id,
            windowId: row.window_id,
            byToken: row.by_token === true,
            identityNeeded: row.way !== "network",
            quarantined: row.quarantined,
            enrolledKey: row.enrolled_key,
            claimedKeys: row.claimed_keys ?? [],
            bothAlive: row.both_alive,
            elsewhere: row.elsewhere,
          },
  };
}

async function bind(
  tx: Tx,
  { machineId, contested }: Extract<EnrollmentDecision, { decision: "bind" }>,
  { window }: EnrollmentFacts,
  { enrollment, actor }: { enrollment: AgentEnrollment; actor: Actor },
): Promise<void> {
  const { publicKey, address } = enrollment;
  const before = await agentKeySet(tx, { machineId, publicKey, replace: true });
  await tx
    .updateTable("machine_boot_window")
    .set({ enrolled_key: Buffer.from(publicKey), enrolled_at: sql<Date>`now()` })
    .where("machine_id", "=", machineId)
    .execute();
  const detail = {
    key: keyStart(publicKey),
    ...(before === undefined ? {} : { before: keyStart(before) }),
    window: window?.windowId,
    address,
  };
  await historyAppend(tx, [{ machineId, actor, event: "agent_enrolled", detail }]);
  await startAllowByAgent(tx, machineId);
  await welcome(tx, machineId, enrollment, actor);
  if (contested !== undefined) {
    await contest(tx, { machineId, window, enrolled: publicKey, other: contested }, undefined);
  }
}

/** Writes what follows from an agent's admission. */
async function welcome(tx: Tx, machineId: MachineId, enrollment: AgentEnrollment, actor: Actor): Promise<void> {
  const { publicKey, hardware, features = [] } = enrollment;
  await agentFeaturesSet(tx, { machineId, publicKey, features });
  if (hardware !== undefined) {
    await hardwareReportWrite(tx, machineId, hardware, actor);
  }
  await tx.deleteFrom("enrollment_claim").where("agent_public_key", "=", Buffer.from(publicKey)).execute();
}

/** Two keys claim this machine: neither is trusted any more, and a pending request is cancelled. */
async function contest(
  tx: Tx,
  claim: { machineId: MachineId; window: EnrollmentFacts["window"]; enrolled: Uint8Array; other: Uint8Array },
  address: string | undefined,
): Promise<void> {
  const { machineId, window, enrolled, other } = claim;
  if (window?.quarantined === true) {
    return;
  }
  const where = address === undefined ? "" : ` (from ${address})`;
  const reason =
    `a second claimant: key ${keyStart(other)}${where} claimed this machine in the boot window in which key ` +
    `${keyStart(enrolled)} was enrolled`;
  const detail = {
    key: keyStart(other),
    enrolled: keyStart(enrolled),
    window: window?.windowId,
    ...defined({ address }),
  };
  const actor: Actor = { kind: "agent", name: keyStart(other) };
  await historyAppend(tx, [{ machineId, actor, event: "second_claimant", detail }]);
  await machineQuarantineWrite(tx, { machineId, actor: system, reason, reportedBy: "system" });
}

async function awaiting(
  tx: Tx,
  { claimed }: EnrollmentFacts,
  enrollment: AgentEnrollment,
  actor: Actor,
): Promise<EnrollmentOutcome & { status: "awaiting" }> {
  const claim = await claimRecord(tx, enrollment);
  const detail = JSON.stringify({ key: keyStart(enrollment.publicKey), address: enrollment.address });
  // The same statement whether or not the machine exists. Once an hour, so that a caller with many keys can't fill the
  // history.
  await sql`
    INSERT INTO history (machine_id, actor_kind, actor, event, detail)
    SELECT m.machine_id, ${actor.kind}, ${actor.name}, 'enrollment_awaiting', ${detail}::jsonb FROM machines m
    WHERE m.machine_id = ${claimed} AND ${claim === "new"} AND NOT EXISTS (
      SELECT FROM history h WHERE h.machine_id = m.machine_id AND h.event = 'enrollment_awaiting'
        AND h.at > now() - interval '1 hour'
    )`.execute(tx);
  return { status: "awaiting", claim };
}
