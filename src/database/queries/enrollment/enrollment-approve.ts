import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation } from "../../errors.ts";
import { agentKey, type AgentKey, type MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { agentKeySet, keyStart } from "../agent/agent.ts";
import { bootWindowClose } from "../boot/boot-window.ts";
import { hardwareReportWrite } from "../hardware/hardware-report-write.ts";
import { historyAppend } from "../../history.ts";
import { installationStanding, quarantineRefuse } from "../installation/installation.ts";
import { identityOwn } from "../../shared-identity.ts";
import { machineAddOnce, machineInsert } from "../machine/machine.ts";
import { identityTaken, machineIdentitySet, machineMacs, type MachineIdentity } from "../../machine-identity.ts";
import {
  operatorCommandFind,
  operatorCommandOnce,
  operatorCommandRecord,
  type OperatorCommand,
} from "../../operator-command.ts";

/** An operator's decision about an agent that asks to be let in. */
export interface EnrollmentDecided extends OperatorCommand {
  actor: Actor;
  /** The beginning of its key in hex, 8 characters or more. */
  key: string;
}

/** A claim as it is decided about. */
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

/** The one claim whose key begins so, locked. @throws {DatabaseError} `not_found`; `refused` where there are several */
async function claimLock(tx: Tx, key: string): Promise<Claim> {
  const { rows } = await sql<ClaimRow>`
    SELECT agent_public_key, smbios_uuid, macs, hardware_report_raw, hardware_report_fingerprint FROM enrollment_claim
    WHERE left(encode(agent_public_key, 'hex'), ${key.length}) = ${key.toLowerCase()}
    ORDER BY agent_public_key LIMIT 2 FOR UPDATE`.execute(tx);
  const [row, another] = rows;
  if (row === undefined) {
    throw new DatabaseError(
      "not_found",
      `no agent whose key begins with "${key}" asks to be let in: \`farrier enrollment list\` shows who does`,
    );
  }
  if (another !== undefined) {
    throw new DatabaseError("refused", `several agents' keys begin with "${key}": give more of it`);
  }
  const { hardware_report_raw: raw, hardware_report_fingerprint: fingerprint } = row;
  return {
    publicKey: agentKey(row.agent_public_key),
    identity: { ...(row.smbios_uuid === null ? {} : { smbiosUuid: row.smbios_uuid }), macs: row.macs },
    ...(raw === null || fingerprint === null ? {} : { hardware: { raw, fingerprint } }),
  };
}

/** Makes the claim's agent the machine's, which is locked or new. */
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
  if (hardware !== undefined) {
    await hardwareReportWrite(tx, machineId, hardware, { kind: "agent", name: keyStart(publicKey) });
  }
  await tx.deleteFrom("enrollment_claim").where("agent_public_key", "=", Buffer.from(publicKey)).execute();
}

/**
 * Lets an agent in as that of a new machine, known by what the agent says of itself.
 * @throws {DatabaseError} `not_found`; `refused` where several keys begin so; `exists` when the name or a MAC is taken;
 * `request_id_reused`
 */
export async function enrollmentApproveNew(
  database: Database,
  decided: EnrollmentDecided & { name?: string; labels: Record<string, string> },
): Promise<void> {
  const { machineId, actor, name, labels } = decided;
  let macs: readonly string[] = [];
  const machine = { machineId, actor, labels, ...(name === undefined ? {} : { name }) };
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
 * Lets an agent in as that of a machine that is known; what it says to be known by is the machine's from now on.
 * @throws {DatabaseError} `not_found`; `refused` in quarantine, where another agent is bound and `replace` is not set, or
 * where several keys begin so; `exists` when a MAC is another machine's; `request_id_reused`
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
      // What was waited for has come another way.
      await bootWindowClose(tx, { machineId, actor });
      await claimSettle(tx, claim, { machineId, actor, replace });
      return { generation: 0n };
    });
  } catch (error) {
    throw (await identityTaken(database, isUniqueViolation(error), machineId, { macs }, error)) ?? error;
  }
}

/**
 * Has an agent that asks to be let in not listed any more; returns its key in hex. The command's machine id is one made of
 * its request id: it is about no machine.
 * @throws {DatabaseError} `not_found`; `refused` where several keys begin so; `request_id_reused`
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

/** What the same command answered before. */
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
