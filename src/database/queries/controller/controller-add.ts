import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import { DatabaseError } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { machineIdentitySet, machineIsIdentified, type MachineIdentity } from "../../machine-identity.ts";
import { machineLock } from "../../machine-lock.ts";
import { identityOwn } from "../../shared-identity.ts";
import type { Tx } from "../../transaction.ts";
import { startAllow } from "../agent/start-allowed.ts";
import { bootBySet } from "../agent/start-means.ts";
import { powerNote, type PowerWord } from "./power.ts";
import { machineInsert } from "../machine/machine-insert.ts";
import { type ControllerCan, type ControllerReach, controllerFree, controllerSet } from "./controller.ts";
import { defined } from "../../../lib/defined.ts";

/** A controller that was just read, and how its machine is to be stored. */
export interface ControllerFound {
  controller: ControllerReach & ControllerCan;
  /** The machine's identity as the controller reports it. */
  identity: MachineIdentity;
  power: PowerWord;
  /** The id for a new machine, if the identity matches none. */
  machineId: MachineId;
  name?: string | undefined;
  /** The machine that the operator named; absent = the machine that the identity matches, or else a new one. */
  joins?: MachineId | undefined;
  /** Whether the machine may be switched off to start an agent, whatever runs on it. */
  startAgent: boolean;
  /** The means of its starts, or "auto"; absent = as it is. */
  bootBy?: string | undefined;
  actor: Actor;
}

/**
 * Stores a controller with its machine: the named machine, the machine that its identity matches, or a new machine.
 * @throws {DatabaseError} `exists` if another machine has the name or the controller; `refused` if the identity
 * contradicts the named machine's; `not_found` if the named machine does not exist
 */
export async function controllerAdd(tx: Tx, found: ControllerFound): Promise<{ machineId: MachineId; made: boolean }> {
  const { actor, identity } = found;
  const known = found.joins ?? (await machineOfIdentity(tx, identity));
  const machineId = known ?? found.machineId;
  await controllerFree(tx, found.controller, known);
  if (known === undefined) {
    await machineInsert(tx, {
      machineId,
      ...defined({ name: found.name }),
      labels: {},
      provided: { provider: "static", providerId: `${found.controller.url}/${found.controller.system}` },
      ...(await identityOwn(tx, identity, machineId)),
      actor,
    });
  } else {
    if (!(await machineLock(tx, machineId))) {
      throw new DatabaseError("not_found", `there is no machine "${machineId}"`);
    }
    await identityAgrees(tx, machineId, identity);
    if (found.joins === undefined) {
      await controllerIsSame(tx, machineId, found.controller);
    }
  }
  await controllerSet(tx, machineId, { ...found.controller, actor });
  await powerNote(tx, machineId, { power: found.power, readFrom: "controller" });
  if (found.bootBy !== undefined) {
    const means = found.bootBy === "auto" ? undefined : found.bootBy;
    await bootBySet(tx, machineId, { means, setBy: actor.name });
  }
  if (found.startAgent) {
    await startAllow(tx, machineId, actor);
  }
  return { machineId, made: known === undefined };
}

/**
 * The only machine that this identity matches. Some controllers write the first fields of the UUID in the other byte
 * order.
 */
async function machineOfIdentity(tx: Tx, { smbiosUuid, macs }: MachineIdentity): Promise<MachineId | undefined> {
  const { rows } = await sql<{ machine_id: MachineId | null }>`
    SELECT coalesce(
      machine_by_identity(${smbiosUuid ?? null}::uuid, ${macs}::macaddr[]),
      machine_by_identity(smbios_swapped(${smbiosUuid ?? null}::uuid), ${macs}::macaddr[])
    ) AS machine_id`.execute(tx);
  return rows[0]?.machine_id ?? undefined;
}

/**
 * Checks that a machine found by its identity alone has no other controller: some makers give one UUID to several boards.
 * @throws {DatabaseError} `refused` if the machine has another controller
 */
async function controllerIsSame(tx: Tx, machineId: MachineId, { url, system }: ControllerReach): Promise<void> {
  const { rows } = await sql<{ url: string; name: string }>`
    SELECT c.url, coalesce(m.name, m.machine_id::text) AS name FROM machine_controller c
    JOIN machines m ON m.machine_id = c.machine_id
    WHERE c.machine_id = ${machineId} AND (c.url, c.system) IS DISTINCT FROM (${url}, ${system})`.execute(tx);
  const [other] = rows;
  if (other !== undefined) {
    throw new DatabaseError(
      "refused",
      `this controller names machine ${other.name}, whose controller is ${other.url}: two boards may have one UUID. ` +
        `If this one replaces it, name the machine: \`--machine ${other.name}\``,
    );
  }
}

/**
 * Checks that the controller's identity does not contradict the machine's; stores it if the machine has none.
 * @throws {DatabaseError} `refused` if they contradict
 */
async function identityAgrees(tx: Tx, machineId: MachineId, identity: MachineIdentity): Promise<void> {
  const { smbiosUuid, macs } = identity;
  if (!(await machineIsIdentified(tx, machineId))) {
    await machineIdentitySet(tx, machineId, await identityOwn(tx, identity, machineId));
    return;
  }
  const { rows } = await sql<{ uuid: string | null; macs: string[] }>`
    SELECT (SELECT u.smbios_uuid::text FROM machine_smbios u WHERE u.machine_id = ${machineId}
        AND u.smbios_uuid NOT IN (${smbiosUuid ?? null}::uuid, smbios_swapped(${smbiosUuid ?? null}::uuid))) AS uuid,
      ARRAY(SELECT k.mac::text FROM machine_mac k WHERE k.machine_id = ${machineId}) AS macs`.execute(tx);
  const { uuid = null, macs: own = [] } = rows[0] ?? {};
  const macsDisagree = own.length > 0 && macs.length > 0 && !own.some((mac) => macs.includes(mac));
  if (uuid !== null || macsDisagree) {
    const differs =
      uuid === null ? "none of its MACs is the same" : `its SMBIOS UUID is ${uuid}, the controller's ${smbiosUuid}`;
    throw new DatabaseError(
      "refused",
      `this controller is not that machine's: ${differs}. Leave the machine out, and it is found or made by its identity`,
    );
  }
}
