import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import type { CredentialId, MachineId } from "../../ids.ts";
import type { LoginRefusal } from "./refusal.ts";
import type { Tx } from "../../transaction.ts";
import { present } from "../../../lib/defined.ts";

/** How a controller's certificate is verified, as stored. */
export type StoredTrust =
  | { by: "fingerprint"; sha256: string }
  | { by: "ca"; pem: string }
  | { by: "system" }
  | { by: "clear-text" };

/** The address, trust and credential of a machine's controller. */
export interface ControllerReach {
  protocol: "redfish" | "ipmi";
  url: string;
  /** The name of the system within the controller. */
  system: string;
  credentialId: CredentialId;
  trust: StoredTrust;
}

/** What a controller reported about itself when it was last read. */
export interface ControllerCan {
  maker?: string;
  model?: string;
  firmware?: string;
  powerCommands: readonly string[];
  bootTargets: readonly string[];
  virtualMedia: boolean;
  /** Whether it takes the URL of a UEFI HTTP boot. */
  httpBoot: boolean;
  mayControl: boolean;
  rules: readonly string[];
}

/** The tag of a machine's controller. */
export interface ControllerRecord extends ControllerReach, ControllerCan {
  machineId: MachineId;
  /** Changes whenever the credential changes. */
  credentialRevision: string;
  /** Whether the credential has a next secret: it is not known whether that is set on the controller already. */
  nextSecret: boolean;
  setAt: Date;
  setBy: string;
  /** When it last answered; absent = never since it was added. */
  contactAt?: Date;
  /** The failure since then. */
  failure?: { at: Date; code: string; cause: string };
  /** The login that it refused since then. */
  refusal?: LoginRefusal;
}

/** One row with {@link controllerColumns}. */
export interface ControllerRow {
  machine_id: MachineId;
  protocol: "redfish" | "ipmi";
  url: string;
  system: string;
  credential_id: CredentialId;
  credential_revision: string;
  next_secret: boolean;
  trusted_by: StoredTrust["by"];
  trusted_sha256: string | null;
  trusted_ca_pem: string | null;
  maker: string | null;
  model: string | null;
  firmware: string | null;
  power_commands: string[];
  boot_targets: string[];
  virtual_media: boolean;
  http_boot: boolean;
  may_control: boolean;
  rules: string[];
  set_at: Date;
  set_by: string;
  contact_at: Date | null;
  failed_at: Date | null;
  failed_code: string | null;
  failed_cause: string | null;
  refused_tried: Uint8Array | null;
  refused_seconds: number | null;
}

/** Columns of {@link controllerTables}. */
export const controllerColumns = sql`
  c.machine_id, c.protocol, c.url, c.system, c.credential_id,
  coalesce(r.rotated_at, r.created_at)::text || ' ' || r.allowed::text AS credential_revision,
  r.sealed_next_secret IS NOT NULL AS next_secret, c.trusted_by, encode(c.trusted_sha256, 'hex') AS trusted_sha256,
  c.trusted_ca_pem, c.maker, c.model, c.firmware, c.power_commands, c.boot_targets, c.virtual_media, c.http_boot, c.may_control, c.rules,
  c.set_at, c.set_by, n.contact_at, n.failed_at, n.failed_code, n.failed_cause,
  l.tried AS refused_tried, extract(epoch FROM l.not_before - now())::float8 AS refused_seconds`;
export const controllerTables = sql`
  machine_controller c
  JOIN credential r ON r.credential_id = c.credential_id
  LEFT JOIN machine_controller_contact n ON n.machine_id = c.machine_id
  LEFT JOIN machine_controller_refusal l ON l.machine_id = c.machine_id`;

export function controllerRecord(row: ControllerRow): ControllerRecord {
  const { failed_at: at, failed_code: code, failed_cause: cause, refused_tried: tried, refused_seconds: left } = row;
  return {
    machineId: row.machine_id,
    protocol: row.protocol,
    url: row.url,
    system: row.system,
    credentialId: row.credential_id,
    credentialRevision: row.credential_revision,
    nextSecret: row.next_secret,
    trust: trustOf(row),
    ...present({ maker: row.maker, model: row.model, firmware: row.firmware }),
    powerCommands: row.power_commands,
    bootTargets: row.boot_targets,
    virtualMedia: row.virtual_media,
    httpBoot: row.http_boot,
    mayControl: row.may_control,
    rules: row.rules,
    setAt: row.set_at,
    setBy: row.set_by,
    ...present({ contactAt: row.contact_at }),
    ...(at === null || code === null || cause === null ? {} : { failure: { at, code, cause } }),
    ...(tried === null || left === null ? {} : { refusal: { tried, secondsLeft: left } }),
  };
}

function trustOf(row: ControllerRow): StoredTrust {
  switch (row.trusted_by) {
    // CHECKs of the table guarantee that each kind has its own column.
    case "fingerprint":
      return { by: "fingerprint", sha256: row.trusted_sha256 ?? "" };
    case "ca":
      return { by: "ca", pem: row.trusted_ca_pem ?? "" };
    case "system":
    case "clear-text":
      return { by: row.trusted_by };
  }
}

/** A machine's controller; undefined if it has none. @throws {DatabaseError} `unavailable` */
export async function controllerOf(
  source: Database["kysely"] | Tx,
  machineId: MachineId,
): Promise<ControllerRecord | undefined> {
  const { rows } = await sql<ControllerRow>`
    SELECT ${controllerColumns} FROM ${controllerTables} WHERE c.machine_id = ${machineId}`
    .execute(source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined ? undefined : controllerRecord(row);
}

/**
 * Stores or replaces a machine's controller, which has just answered. The caller has locked the machine.
 * @throws {DatabaseError} `exists` if it is the controller of another machine
 */
export async function controllerSet(
  tx: Tx,
  machineId: MachineId,
  controller: ControllerReach & ControllerCan & { actor: Actor },
): Promise<void> {
  const { actor, trust } = controller;
  const row = {
    protocol: controller.protocol,
    url: controller.url,
    system: controller.system,
    credential_id: controller.credentialId,
    trusted_by: trust.by,
    trusted_sha256: trust.by === "fingerprint" ? Buffer.from(trust.sha256, "hex") : null,
    trusted_ca_pem: trust.by === "ca" ? trust.pem : null,
    ...canColumns(controller),
    set_at: sql<Date>`now()`,
    set_by: actor.name,
  };
  await controllerFree(tx, controller, machineId);
  await tx
    .insertInto("machine_controller")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
  await sql`
    INSERT INTO machine_controller_contact (machine_id, contact_at) VALUES (${machineId}, now())
    ON CONFLICT (machine_id) DO UPDATE
      SET contact_at = now(), failed_at = NULL, failed_code = NULL, failed_cause = NULL`.execute(tx);
  const detail = { url: controller.url, system: controller.system, trust: trust.by };
  await historyAppend(tx, [{ machineId, actor, event: "controller_set", detail }]);
}

/**
 * Checks that a controller does not belong to another machine.
 * @param machineId the machine that it may already belong to
 * @throws {DatabaseError} `exists`
 */
export async function controllerFree(
  tx: Tx,
  { url, system }: Pick<ControllerReach, "url" | "system">,
  machineId: MachineId | undefined,
): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT coalesce(m.name, m.machine_id::text) AS name FROM machine_controller c JOIN machines m USING (machine_id)
    WHERE c.url = ${url} AND c.system = ${system} AND c.machine_id IS DISTINCT FROM ${machineId ?? null}::uuid`.execute(
    tx,
  );
  const [other] = rows;
  if (other !== undefined) {
    throw new DatabaseError(
      "exists",
      `${url} is the controller of machine ${other.name} already: remove it there first, with \`farrier bmc remove ${other.name}\``,
    );
  }
}

function canColumns(can: ControllerCan) {
  return {
    maker: can.maker ?? null,
    model: can.model ?? null,
    firmware: can.firmware ?? null,
    power_commands: [...can.powerCommands],
    boot_targets: [...can.bootTargets],
    virtual_media: can.virtualMedia,
    http_boot: can.httpBoot,
    may_control: can.mayControl,
    rules: [...can.rules],
  };
}

/** Removes a machine's controller; false if it has none. The caller has locked the machine. */
export async function controllerRemove(tx: Tx, machineId: MachineId, actor: Actor): Promise<boolean> {
  const removed = await tx
    .deleteFrom("machine_controller")
    .where("machine_id", "=", machineId)
    .returning("url")
    .executeTakeFirst();
  await tx.deleteFrom("machine_controller_contact").where("machine_id", "=", machineId).execute();
  await tx.deleteFrom("machine_controller_refusal").where("machine_id", "=", machineId).execute();
  await tx.deleteFrom("machine_power").where("machine_id", "=", machineId).execute();
  await tx.deleteFrom("machine_health").where("machine_id", "=", machineId).execute();
  if (removed === undefined) {
    return false;
  }
  await historyAppend(tx, [{ machineId, actor, event: "controller_removed", detail: { url: removed.url } }]);
  return true;
}

/** Records that a controller answered, and its facts `can` if they were read. @throws {DatabaseError} `unavailable` */
export async function controllerAnswered(database: Database, machineId: MachineId, can?: ControllerCan): Promise<void> {
  await sql`
    INSERT INTO machine_controller_contact (machine_id, contact_at)
    SELECT machine_id, now() FROM machine_controller WHERE machine_id = ${machineId}
    ON CONFLICT (machine_id) DO UPDATE
      SET contact_at = now(), failed_at = NULL, failed_code = NULL, failed_cause = NULL`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  if (can !== undefined) {
    await database.kysely
      .updateTable("machine_controller")
      .set(canColumns(can))
      .where("machine_id", "=", machineId)
      .execute()
      .catch((error: unknown) => Promise.reject(translate(error)));
  }
}

/**
 * Records a controller's failure. The time of the first failure stays while the code is the same.
 * @throws {DatabaseError} `unavailable`
 */
export async function controllerFailed(
  database: Database,
  machineId: MachineId,
  { code, cause }: { code: string; cause: string },
): Promise<void> {
  await sql`
    INSERT INTO machine_controller_contact AS n (machine_id, failed_at, failed_code, failed_cause)
    SELECT machine_id, now(), ${code}, ${cause} FROM machine_controller WHERE machine_id = ${machineId}
    ON CONFLICT (machine_id) DO UPDATE SET failed_at = CASE WHEN n.failed_code = excluded.failed_code THEN n.failed_at
        ELSE excluded.failed_at END, failed_code = excluded.failed_code, failed_cause = excluded.failed_cause`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
