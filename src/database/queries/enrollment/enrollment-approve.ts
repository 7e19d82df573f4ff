import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation } from "../../errors.ts";
import { agentKey, type AgentKey, type MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { agentKeySet, keyStart } from "../agent/agent.ts";
import { startAllowByAgent } from "../agent/start-allowed.ts";
import { bootWindowClose } from "../boot/boot-window.ts";
import { hardwareReportWrite } from "../hardware/hardware-report-write.ts";
import { historyAppend } from "../../history.ts";
import { installationStanding } from "../installation/installation-standing.ts";
import { quarantineRefuse } from "../installation/installation-facts.ts";
import { identityOwn } from "../../shared-identity.ts";
import { machineAddOnce } from "../machine/machine-add.ts";
import { machineInsert } from "../machine/machine-insert.ts";
import { identityTaken, machineIdentitySet, machineMacs, type MachineIdentity } from "../../machine-identity.ts";
import { operatorCommandFind, operatorCommandRecord } from "../../operator-command-record.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { OperatorCommand } from "../../operator-command.ts";
import { defined, present } from "../../../lib/defined.ts";

/** An operator's decision about an agent that waits for approval. */
export interface EnrollmentDecided extends OperatorCommand {
  actor: Actor;
  /** The beginning of its key in hex, 8 characters or more. */
  key: string;
}

/** The claim to decide about. */
interface Claim {
  publicKey: AgentKey;
  identity: MachineIdentity;
  hardware?: { raw: Buffer; fingerprint: Buffer };
}

interface ClaimRow {
  agent_public_key: Buffer;
  smbios_uuid: string | null;
  macs: string[];
  hardware_report_raw: Buffer | null;
  hardware_report_fingerprint: Buffer | null;
}

/**
 * The one claim whose key begins with `key`, locked. @throws {DatabaseError} `not_found`; `refused` if there are
 * several
 */
async function claimLock(tx: Tx, key: string): Promise<Claim> {
  const { rows } = await sql<ClaimRow>`
    SELECT agent_public_key, smbios_uuid, macs, hardware_report_raw, hardware_report_fingerprint FROM enrollment_claim
    WHERE left(encode(agent_public_key, 'hex'), ${key.length}) = ${key.toLowerCase()}
    ORDER BY agent_public_key LIMIT 2 FOR UPDATE`.execute(tx);
  const [row, another] = rows;
  if (row === undefined) {
    throw new DatabaseError(
      "not_found",
      `no agent whose key begins with "${key}" waits for approval: \`farrier enrollment list\` shows all that do`,
    );
  }
  if (another !== undefined) {
    throw new DatabaseError("refused", `several agents' keys begin with "${key}": give more characters`);
  }
  const { hardware_report_raw: raw, hardware_report_fingerprint: fingerprint } = row;
  return {
    publicKey: agentKey(row.agent_public_key),
    identity: { ...present({ smbiosUuid: row.smbios_uuid }), macs: row.macs },
    ...(raw === null || fingerprint === null ? {} : { hardware: { raw, fingerprint } }),
  };
}

/** Binds the claim's agent to the machine, which is locked or new. */
async function claimSettle(
  tx: Tx,
  claim: Claim,
  machine: { machineId: MachineId; actor: Actor; replace: boolean },
): Promise<void> {
  const { machineId, actor, replace } = machine;
  const { publicKey, hardware } = claim;
  const before = await agentKeySet(tx, { machineId, publicKey, replace });
  const detail = {
    key: keyStart(publicKey),
    ...(before === undefined ? {} : { before: keyStart(before) }),
    approved: true,
  };
  await historyAppend(tx, [{ machineId, actor, event: "agent_enrolled", detail }]);
  await startAllowByAgent(tx, machineId);
  if (hardware !== undefined) {
    await hardwareReportWrite(tx, machineId, hardware, { kind: "agent", name: keyStart(publicKey) });
  }
  await tx.deleteFrom("enrollment_claim").where("agent_public_key", "=", Buffer.from(publicKey)).execute();
}

/**
 * Approves an agent for a new machine, identified by what the agent reports about itself.
 * @throws {DatabaseError} `not_found`; `refused` if several keys match; `exists` if the name or a MAC is taken;
 * `request_id_reused`
 */
export async function enrollmentApproveNew(
  database: Database,
  decided: EnrollmentDecided & { name?: string; labels: Record<string, string> },
): Promise<void> {
  const { machineId, actor, name, labels } = decided;
  let macs: readonly string[] = [];
  const machine = { machineId, actor, labels, ...defined({ name }) };
  const provided = { provider: "static", providerId: machineId };
  await machineAddOnce(database, { ...decided, provided }, () =>
    transact(database, null, async (tx) => {
      if ((await operatorCommandFind(tx, decided)) !== undefined) {
        return;
      }
      const claim = await claimLock(tx, decided.key);
      const own = await identityOwn(tx, claim.identity, machineId);
      ({ macs } = own);
      await machineInsert(tx, { ...machine, provided, ...own });
      await claimSettle(tx, claim, { machineId, actor, replace: false });
      await operatorCommandRecord(tx, decided, 0n);
    }).catch(async (error: unknown) => {
      throw (await identityTaken(database, isUniqueViolation(error), machineId, { macs }, error)) ?? error;
    }),
  );
}

/**
 * Approves an agent for an existing machine; the UUID and MACs that it reports become the machine's.
 * @throws {DatabaseError} `not_found`; `refused` in quarantine, if another agent is bound and `replace` is not set, or
 * if several keys match; `exists` if a MAC is another machine's; `request_id_reused`
 */
export async function enrollmentApproveKnown(
  database: Database,
  decided: EnrollmentDecided & { replace: boolean },
): Promise<void> {
  const { machineId, actor, replace } = decided;
  let macs: readonly string[] = [];
  try {
    await operatorCommandOnce(database, decided, async (tx) => {
      quarantineRefuse((await installationStanding(tx, machineId)).quarantine);
      const claim = await claimLock(tx, decided.key);
      const own = await identityOwn(tx, claim.identity, machineId);
      ({ macs } = own);
      await machineIdentitySet(tx, machineId, {
        ...own,
        macs: [...(await machineMacs(tx, machineId)), ...macs],
      });
      // The open boot window is no longer needed.
      await bootWindowClose(tx, { machineId, actor });
      await claimSettle(tx, claim, { machineId, actor, replace });
      return { generation: 0n };
    });
  } catch (error) {
    throw (await identityTaken(database, isUniqueViolation(error), machineId, { macs }, error)) ?? error;
  }
}

/**
 * Removes an agent from the list of waiting ones; resolves to its key in hex. The command concerns no machine, so its
 * machine id is derived from its request id.
 * @throws {DatabaseError} `not_found`; `refused` if several keys match; `request_id_reused`
 */
export async function enrollmentReject(database: Database, decided: EnrollmentDecided): Promise<string> {
  return transact(database, null, async (tx) => {
    const before = await operatorCommandAnswer(tx, decided);
    if (before !== undefined) {
      return before;
    }
    const { publicKey } = await claimLock(tx, decided.key);
    const key = Buffer.from(publicKey).toString("hex");
    await sql`
      UPDATE enrollment_claim SET rejected_at = now(), rejected_by = ${decided.actor.name}
      WHERE agent_public_key = ${Buffer.from(publicKey)} AND rejected_at IS NULL`.execute(tx);
    await operatorCommandRecord(tx, decided, 0n, { key });
    return key;
  });
}

/** The first answer to a repeated command. */
async function operatorCommandAnswer(tx: Tx, command: OperatorCommand): Promise<string | undefined> {
  if ((await operatorCommandFind(tx, command)) === undefined) {
    return undefined;
  }
  const row = await tx
    .selectFrom("operator_command")
    .select("answer")
    .where("machine_id", "=", command.machineId)
    .where("request_id", "=", command.requestId)
    .executeTakeFirst();
  const key = row?.answer?.["key"];
  return typeof key === "string" ? key : "";
}
