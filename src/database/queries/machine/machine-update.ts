import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import { identityTaken, machineIdentitySet, machineMacs } from "../../machine-identity.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { OperatorCommand } from "../../operator-command.ts";
import { defined } from "../../../lib/defined.ts";
import { machineNetworkSet } from "./machine-network.ts";
import { type MachineSsh, machineSshSet } from "./machine-ssh.ts";

/** Maximum number of labels of a machine. */
export const labelsLimit = 64;

/**
 * Renames a machine (null removes the name), sets and removes labels, and changes what identifies it at network boot,
 * its SSH account and its network.
 * @throws {DatabaseError} `not_found`; `exists` if the name, the SMBIOS UUID or a MAC is taken; `refused` for too many
 * labels; `request_id_reused`
 */
export async function machineUpdate(
  database: Database,
  request: OperatorCommand & {
    actor: Actor;
    name?: string | null;
    setLabels: Record<string, string>;
    removeLabels: readonly string[];
    /** null means none. */
    smbiosUuid?: string | null;
    addMacs?: readonly string[];
    removeMacs?: readonly string[];
    ssh?: MachineSsh;
    /** Netplan's YAML; null means none. */
    networkConfig?: string | null;
  },
): Promise<void> {
  const { machineId, actor, name, setLabels, removeLabels, smbiosUuid, addMacs = [], removeMacs = [] } = request;
  const { ssh, networkConfig } = request;
  try {
    await operatorCommandOnce(database, request, async (tx) => {
      const { labels, name: before } = await tx
        .selectFrom("machines")
        .select(["labels", "name"])
        .where("machine_id", "=", machineId)
        .executeTakeFirstOrThrow();
      const kept = Object.entries(labels).filter(([key]) => !removeLabels.includes(key));
      const next = { ...Object.fromEntries(kept), ...setLabels };
      if (Object.keys(next).length > labelsLimit) {
        throw new DatabaseError("refused", `a machine has at most ${labelsLimit} labels: remove some first`);
      }
      await tx
        .updateTable("machines")
        .set({ labels: sql`${JSON.stringify(next)}::jsonb`, ...defined({ name }) })
        .where("machine_id", "=", machineId)
        .execute();
      await machineIdentitySet(tx, machineId, {
        ...defined({ smbiosUuid }),
        ...(addMacs.length + removeMacs.length === 0
          ? {}
          : { macs: await macsWith(tx, machineId, { addMacs, removeMacs }) }),
      });
      const detail = {
        ...defined({ smbiosUuid }),
        ...(addMacs.length === 0 ? {} : { addMacs }),
        ...(removeMacs.length === 0 ? {} : { removeMacs }),
        ...(name === undefined || name === before ? {} : { name, nameBefore: before }),
        ...(networkConfig === undefined ? {} : { networkConfig: networkConfig === null ? "removed" : "set" }),
        ...(Object.keys(setLabels).length === 0 ? {} : { setLabels }),
        ...(removeLabels.length === 0 ? {} : { removeLabels }),
      };
      await historyAppend(tx, [{ machineId, actor, event: "machine_updated", detail }]);
      if (ssh !== undefined) {
        await machineSshSet(tx, machineId, ssh, actor);
      }
      if (networkConfig !== undefined) {
        await machineNetworkSet(tx, machineId, { networkConfig, actor });
      }
      return { generation: 0n };
    });
  } catch (error) {
    const constraint = isUniqueViolation(error);
    const taken = await identityTaken(
      database,
      constraint,
      machineId,
      { ...defined({ smbiosUuid }), macs: addMacs },
      error,
    );
    if (taken !== undefined) {
      throw taken;
    }
    if (constraint === "machines_name_key") {
      throw new DatabaseError("exists", `the name "${name}" is taken by another machine: names are unique`, {
        cause: error,
      });
    }
    throw error;
  }
}

async function macsWith(
  tx: Tx,
  machineId: MachineId,
  { addMacs, removeMacs }: { addMacs: readonly string[]; removeMacs: readonly string[] },
): Promise<string[]> {
  const before = await machineMacs(tx, machineId);
  return [...before.filter((mac) => !removeMacs.includes(mac)), ...addMacs];
}
